// The time series panel: lines, areas, bars and points over one or several axes, with legend, thresholds and tooltip.

import { clipped } from '../draw/canvas.js';
import { seriesColors } from '../draw/colors.js';
import { axisHeight } from '../draw/plot.js';
import { prepare } from '../draw/stack.js';
import { drawSeries, lowerBound, valueY } from '../draw/timeseries.js';
import { axisKeyOf, drawAxes, drawThresholds, measureAxes, widthOf } from './axes.js';
import { makeChart } from './chart.js';
import { makeLegend } from './legend.js';
import { rowLinks } from './links.js';
import { reduce } from './reduce.js';
import { displayText } from './values.js';

// What a series looks like where a board says nothing.
const usual = {
  drawStyle: 'line', lineInterpolation: 'linear', spanNulls: false, fillOpacity: 0, gradientMode: 'none', lineWidth: 1, lineStyle: null, showPoints: 'auto', pointSize: 5,
  barAlignment: 0, barWidthFactor: 0.6, barMaxWidth: 200,
};

const ends = { min: 'min', max: 'max' };
const sorts = { desc: (a, b) => b.value - a.value, asc: (a, b) => a.value - b.value };
/** Rows of a tooltip in the order that a board wants. */
export const sorted = (rows, sort) => Object.hasOwn(sorts, sort ?? '') ? rows.sort(sorts[sort]) : rows;

export function drawTimeSeries(root) {
  const { panel, words, context: { format } } = root;
  const { mode = 'single', sort, hideZeros = false } = root.options.tooltip ?? {};
  const items = new Map();
  const shown = [];
  let axes = [];
  let step = 0;
  let emphasized = null;

  const legend = makeLegend(root, () => update(root.data), (name) => {
    const wanted = shown.length > 1 && shown.some((item) => item.series.name === name) ? name : null;
    if (wanted === emphasized) return;
    emphasized = wanted;
    plot.draw();
  });

  /** Settings of a series, read from its field once; its buffers live as long as the series does. */
  const itemOf = (series, color) => {
    let item = items.get(series.key);
    if (!item) items.set(series.key, item = {});
    const { field, times, values } = series;
    if (item.field !== field) {
      const { stacking, hideFrom, transform, ...custom } = field.custom;
      for (const [name, value] of Object.entries(usual)) item[name] = custom[name] ?? value;
      const stackMode = stacking?.mode === 'percent' || stacking?.mode === 'normal' ? stacking.mode : 'none';
      Object.assign(item, {
        field, stackMode, group: stacking?.group ?? 'A', negate: transform === 'negative-Y', axisKey: axisKeyOf(field, stackMode === 'percent'), fillBelowTo: custom.fillBelowTo,
        inLegend: hideFrom?.legend !== true, isGone: hideFrom?.viz === true, inTooltip: hideFrom?.tooltip !== true,
      });
    }
    return Object.assign(item, { series, times, values, color });
  };

  const update = (data) => {
    const { series } = data;
    chart.begin(data);
    step = 0;
    shown.length = 0;
    const listed = [];
    const colors = seriesColors(series, root.theme, ({ field, values }) => reduce(values, ends[field.color.seriesBy] ?? 'lastNotNull'));
    for (const [at, each] of series.entries()) {
      const item = itemOf(each, colors[at]);
      if (item.inLegend) listed.push(item);
      item.visible = !item.isGone && !legend.isHidden(each.name);
      if (item.visible) shown.push(item);
      if (each.step > 0 && (step === 0 || each.step * 1000 < step)) step = each.step * 1000;
    }
    if (items.size > series.length) {
      const keys = new Set(series.map((each) => each.key));
      for (const key of items.keys()) if (!keys.has(key)) items.delete(key);
    }
    root.say(data, series.length > 0);
    prepare(shown);
    // The area of a series may end at another one instead of at zero.
    for (const item of shown) {
      const other = item.fillBelowTo && shown.find((candidate) => candidate.series.name === item.fillBelowTo);
      if (other && other.drawn.length === item.drawn.length) item.base = other.drawn;
    }
    legend.update(listed);
    layout();
    chart.tell(series.length, () => shown.slice(0, 4).map(({ series: { name, field, values } }) => {
      const [last, low, high] = ['lastNotNull', 'min', 'max'].map((id) => {
        const value = reduce(values, id);
        return value === null ? words.noData : displayText(field, value, root.theme);
      });
      return words.seriesSummary(name, last, low, high);
    }));
  };

  const layout = () => {
    const [width, height] = legend.place();
    axes = measureAxes(shown, plot.from, plot.to, height - axisHeight - 8, root.theme);
    chart.place(width, height, Math.max(8, widthOf(axes, 'left')), Math.max(10, widthOf(axes, 'right')));
  };

  const paint = (context, area) => {
    const { theme } = root;
    drawThresholds(context, axes, area, theme, true);
    plot.drawTimeAxis();
    drawAxes(context, axes, area, theme);
    clipped(context, area.left, area.top - 4, area.width + 2, area.height + 6, () => {
      for (const item of shown) {
        context.globalAlpha = emphasized === null || emphasized === item.series.name ? 1 : 0.18;
        drawSeries(context, item, item.axis, area, plot.from, plot.to, theme);
      }
    });
    drawThresholds(context, axes, area, theme, false);
  };

  /** Index of the sample next to a time; -1 when the next one is farther than a step away, or a gap. */
  const nearest = ({ drawnTimes: times, drawn, series }, time) => {
    const seconds = time / 1000;
    let at = lowerBound(times, seconds);
    if (at > 0 && (at >= times.length || seconds - times[at - 1] < times[at] - seconds)) at--;
    const reach = Math.max(series.step || 0, (plot.to - plot.from) / 1000 / plot.area.width * 8);
    return at < times.length && Math.abs(times[at] - seconds) <= reach && drawn[at] === drawn[at] ? at : -1;
  };

  const mark = (context, area, time) => {
    for (const item of shown) {
      const at = nearest(item, time);
      if (at < 0) continue;
      const y = valueY(item.axis, area, item.drawn[at]);
      if (y < area.top - 1 || y > area.top + area.height + 1) continue;
      context.fillStyle = item.color;
      context.strokeStyle = root.theme.background;
      context.lineWidth = 1.5;
      context.beginPath();
      context.arc(plot.xOf(item.drawnTimes[at] * 1000), y, 3.5, 0, Math.PI * 2);
      context.fill();
      context.stroke();
    }
  };

  /** The series' own value at an index of what is drawn: not turned round, and not the stack's sum. */
  const valueAt = ({ times, values, drawnTimes }, at) => values[drawnTimes === times ? at : Math.min(lowerBound(times, drawnTimes[at]), values.length - 1)];

  const find = (time, x, y, withLinks) => {
    if (mode === 'none') return null;
    const rows = [];
    let closest = null;
    for (const item of shown) {
      const at = item.inTooltip ? nearest(item, time) : -1;
      if (at < 0) continue;
      const value = valueAt(item, at);
      if (hideZeros && value === 0) continue;
      const { color, series, field } = item;
      const row = { color, name: series.name, text: displayText(field, value, root.theme), value, series, away: Math.abs(valueY(item.axis, plot.area, item.drawn[at]) - y), moment: item.drawnTimes[at] * 1000 };
      rows.push(row);
      if (!closest || row.away < closest.away) closest = row;
    }
    if (!closest) return null;
    const { moment, series, value, text } = closest;
    closest.strong = rows.length > 1;
    let list = sorted(mode === 'single' ? [closest] : rows, sort);
    // Of very many series those next to the pointer are kept in sight.
    if (list.length > 32) list = [closest, ...list.filter((row) => row !== closest)];
    return { title: format.dateTime(moment), rows: list, links: withLinks ? rowLinks(root, series.field, { series, value, text, time: moment }) : [] };
  };

  const chart = makeChart(root, { paint, find, mark, step: () => step });
  const { plot } = chart;
  root.body.append(legend.element);
  return { update, layout, crosshair: chart.crosshair, destroy: chart.destroy };
}
