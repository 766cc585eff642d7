// The heatmap panel: time across, buckets upwards, how much is in each as a colour.

import { mix, named, namedAll, rampColor, rampOf } from '../draw/colors.js';
import { clamp, clipped, make, setText, widestOf, write } from '../draw/canvas.js';
import { bucketRows, countRows } from '../draw/heatmap.js';
import { drawAxisTitle } from '../draw/plot.js';
import { extentOf } from '../draw/scale.js';
import { lowerBound } from '../draw/timeseries.js';
import { axisText, formatText } from '../draw/units.js';
import { makeChart } from './chart.js';

const levels = 64;

// Schemes by their usual names: one hue, a ramp of colors.js, or colours in turn.
const schemes = {
  oranges: 'orange', blues: 'blue', greens: 'green', reds: 'red', purples: 'purple', greys: 'text',
  turbo: ['purple', 'blue', 'green', 'yellow', 'orange', 'red'], spectral: ['blue', 'green', 'yellow', 'orange', 'red'], rdylgn: ['red', 'orange', 'yellow', 'green'],
  rdylbu: ['red', 'orange', 'yellow', 'blue'], rdbu: ['red', null, 'blue'], ylorrd: [null, 'yellow', 'orange', 'red'], ylgnbu: [null, 'yellow', 'green', 'blue'],
  orrd: [null, 'orange', 'red'], bupu: [null, 'blue', 'purple'], gnbu: [null, 'green', 'blue'], purd: [null, 'purple', 'red'], ylgn: [null, 'yellow', 'green'], ylorbr: [null, 'yellow', 'orange', 'dark-orange'],
};
const ramps = /^(viridis|magma|inferno|plasma|cividis)$/;

export function drawHeatmap(root) {
  const { options, panel, words, context: { format } } = root;
  const { calculate, calculation, cellGap = 1, filterValues } = options;
  const { mode, scheme = 'Oranges', fill = 'dark-orange', reverse, exponent = 0.5, steps = levels, min, max } = options.color ?? {};
  const { unit = panel.defaults?.unit, axisLabel, decimals, reverse: isTurned } = options.yAxis ?? {};
  const cellUnit = options.cellValues?.unit ?? 'short';
  const least = Number.isFinite(filterValues?.le) ? filterValues.le : 1e-9;
  const isMute = options.tooltip?.mode === 'none' || options.tooltip?.show === false;
  let map = null;
  let ramp = [];
  let edges = [];
  let low = 0;
  let high = 1;
  let cell = null;

  const update = (data) => {
    chart.begin(data);
    const series = data.series.filter((entry) => !entry.instant || entry.values.length > 1);
    map = series.length === 0 ? null : calculate ? counted(series, data) : bucketRows(series, isHistogram(series));
    root.say(data, map !== null);
    if (map) {
      const [found, most] = extentOf(map.rows.map((row) => row.values), (value) => !(value > least));
      low = Number.isFinite(min) ? min : Math.min(found, 0);
      high = Number.isFinite(max) ? max : most === -Infinity ? 1 : most;
      ramp = makeRamp();
    }
    layout();
    chart.tell(map?.rows.length ?? 0, () => []);
  };

  const counted = (series, { from, to }) => countRows(series, from, to, Number(calculation?.xBuckets?.value) || Math.max(10, root.width / 12), Number(calculation?.yBuckets?.value) || Math.max(5, root.room / 14), unit);
  const isHistogram = (series) => series.some(({ ref }) => (panel.targets ?? []).some((target) => target.ref === ref && target.format === 'heatmap')) && series.every(({ labels }) => labels.le !== undefined);

  /** The scheme as a table of colours, from near the ground to the strongest. */
  const makeRamp = () => {
    const { theme } = root;
    const name = String(scheme).toLowerCase();
    const wanted = Object.hasOwn(schemes, name) ? schemes[name] : 'orange';
    const hue = (color) => {
      const ground = mix(theme.background, theme.text, 0.1);
      return [ground, mix(named(color, theme), ground, 0.45), named(color, theme), mix(named(color, theme), theme.text, 0.35)];
    };
    const isOpacity = mode === 'opacity';
    const colors = isOpacity ? [mix(named(fill, theme), theme.background, 0.9), named(fill, theme)]
      : ramps.test(name) ? rampOf(`continuous-${name}`, theme) : typeof wanted === 'string' ? hue(wanted) : namedAll(wanted, theme);
    if (reverse) colors.reverse();
    const count = clamp(steps, 2, levels);
    return Array.from({ length: levels }, (_, at) => rampColor(colors, Math.min(1, Math.floor(at / levels * count) / (count - 1)) ** (isOpacity ? exponent : 1)));
  };
  const colorOf = (value) => ramp[clamp(Math.floor((value - low) / (high - low || 1) * levels), 0, levels - 1)];

  const [lowest, bar, highest] = [make('span'), make('i'), make('span')];
  const scale = make('div', 'draw-scale', lowest, bar, highest);

  const layout = () => {
    if (!map) return;
    scale.hidden = options.legend?.show === false || root.room <= 110;
    setText(lowest, formatText(low, cellUnit));
    setText(highest, formatText(high, cellUnit));
    bar.style.background = `linear-gradient(to right, ${ramp.filter((_, at) => at % 7 === 0).join(', ')})`;
    edges = edgeLabels();
    const wanted = Math.ceil((widestOf(edges.map((edge) => edge.text)) + 12) / 8) * 8 + (axisLabel ? 16 : 0);
    chart.place(root.width, root.room - (scale.hidden ? 0 : 24), Math.min(wanted, root.width * 0.35));
  };

  /** What stands at the rows: bounds on the lines between numeric buckets, names in the middle of others. */
  const edgeLabels = () => {
    const { rows, numeric, leftEdge } = map;
    if (!numeric) return rows.map(({ name }, at) => ({ at: at + 0.5, text: name }));
    const write = (value) => value === Infinity ? '+∞' : value === -Infinity ? '' : leftEdge ? axisText(value, unit, Math.abs(rows.at(-1).high), rows[0].high - rows[0].low, decimals) : formatText(value, unit ?? 'short', decimals);
    return [rows[0].low, ...rows.map((row) => row.high)].map((value, at) => ({ at, text: write(value) })).filter((edge) => edge.text !== '');
  };

  const rowY = (area, at) => area.top + area.height * (isTurned ? at / map.rows.length : 1 - at / map.rows.length);

  const paint = (context, area) => {
    const { theme } = root;
    if (!map) return;
    const { times, rows, step, leftEdge } = map;
    const width = step * 1000 / (plot.to - plot.from) * area.width;
    // Columns narrower than two pixels are drawn together, their mean as the colour.
    const merge = Math.max(1, Math.ceil(2 / Math.max(width, 0.001)));
    const gap = width * merge > 6 && area.height / rows.length > 6 ? Math.min(cellGap, 3) : 0;
    // A bucket's value is of the time before its sample, as Prometheus counts.
    const shift = leftEdge ? 0 : step * 1000;
    clipped(context, area.left, area.top, area.width, area.height, () => {
      for (const [at, { values }] of rows.entries()) {
        const [top, bottom] = [rowY(area, at), rowY(area, at + 1)].map(Math.round).sort((a, b) => a - b);
        const height = Math.max(1, bottom - top - gap);
        let last = null;
        for (let column = 0; column < values.length; column += merge) {
          let value = 0;
          for (let part = column; part < Math.min(values.length, column + merge); part++) value += values[part] || 0;
          value /= merge;
          if (!(value > least)) continue;
          const left = plot.xOf(times[column] * 1000 - shift);
          const right = left + width * merge;
          if (right < area.left || left > area.left + area.width) continue;
          const color = colorOf(value);
          if (color !== last) context.fillStyle = last = color;
          const x = Math.round(left);
          context.fillRect(x, top, Math.max(1, Math.round(right) - x - gap), height);
        }
      }
    });
    plot.drawTimeAxis(false);
    let lastY = Infinity;
    for (const { at, text } of edges) {
      const y = rowY(area, at);
      if (Math.abs(y - lastY) < 15) continue;
      lastY = y;
      write(context, text, area.left - 7, Math.max(area.top + 3, y), theme.muted, 'right');
    }
    if (axisLabel) drawAxisTitle(context, axisLabel, 9, area, theme);
  };

  const mark = (context, area) => {
    if (!cell) return;
    const [top, bottom] = [rowY(area, cell.row), rowY(area, cell.row + 1)].map(Math.round).sort((a, b) => a - b);
    context.strokeStyle = root.theme.text;
    context.lineWidth = 1;
    context.strokeRect(Math.round(cell.left) + 0.5, top + 0.5, Math.max(2, Math.round(cell.width)), bottom - top - 1);
  };

  const find = (time, x, y) => {
    cell = null;
    if (!map || isMute) return null;
    const { times, rows, step, numeric, leftEdge } = map;
    const { area } = plot;
    const share = (y - area.top) / area.height;
    const row = Math.floor((isTurned ? share : 1 - share) * rows.length);
    const shift = leftEdge ? 0 : step;
    const column = lowerBound(times, time / 1000 + shift + 1e-6) - 1;
    if (!rows[row] || column < 0) return null;
    const { low: from, high: to, name, values } = rows[row];
    const begin = (times[column] - shift) * 1000;
    cell = { row, left: plot.xOf(begin), width: step * 1000 / (plot.to - plot.from) * area.width };
    const bound = (value) => formatText(value, unit ?? 'short');
    const bucket = !numeric ? name : from === -Infinity ? `≤ ${bound(to)}` : to === Infinity ? `> ${bound(from)}` : `${bound(from)} – ${bound(to)}`;
    const value = values[column];
    return { title: format.dateTime(begin), rows: [{ color: value > least ? colorOf(value) : 'transparent', name: bucket, text: value === value ? formatText(value, cellUnit) : words.noData }] };
  };

  const chart = makeChart(root, {
    paint, find, mark,
    step: () => (map?.step ?? 0) * 1000,
    leave() {
      cell = null;
    },
  });
  const { plot } = chart;
  root.body.append(scale);
  return { update, layout, crosshair: chart.crosshair, destroy: chart.destroy };
}
