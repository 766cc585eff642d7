// The time series panel: lines, areas, bars and points over one or several axes, with legend, thresholds and tooltip.

import { alpha, fieldColor, named, readable, steps } from '../draw/colors.js';
import { font, textWidth, make } from '../draw/canvas.js';
import { axisHeight, drawAnnotations, drawAxisTitle, TimePlot } from '../draw/plot.js';
import { shareOf, valueAxis } from '../draw/scale.js';
import { prepare } from '../draw/stack.js';
import { drawSeries, lowerBound, valueY } from '../draw/timeseries.js';
import { axisText } from '../draw/units.js';
import { asPanel, PanelRoot } from './base.js';
import { Legend } from './legend.js';
import { linkScope, linksOf } from './links.js';
import { reduce } from './reduce.js';
import { Tooltip } from './tooltip.js';
import { displayText } from './values.js';

const small = font(11);

export function create(panel, element, context) {
  const root = new PanelRoot(panel, element, context, 'timeseries');
  return asPanel(root, new TimeSeriesPanel(root));
}

class TimeSeriesPanel {
  constructor(root) {
    this.root = root;
    this.options = root.panel.options ?? {};
    this.items = new Map();
    this.axes = [];
    this.shown = [];
    this.picture = make('div', 'draw-picture');
    this.plot = new TimePlot(this.picture, root.context, {
      paint: (context, area) => this.paint(context, area),
      mark: (context, area, time) => this.mark(context, area, time),
      hover: (time, x, y) => this.hover(time, x, y),
      leave: () => this.leave(),
      pin: (time, x, y) => this.pin(time, x, y),
      step: () => this.step,
    });
    this.legend = new Legend(root, this.options.legend, { changed: () => this.update(root.data), hovered: (name) => this.emphasize(name) });
    this.tooltip = new Tooltip(root);
    this.live = make('div', 'draw-live');
    this.live.setAttribute('aria-live', 'polite');
    root.body.append(this.picture, this.live);
    if (this.legend.wanted) root.body.append(this.legend.element);
    this.emphasized = null;
    this.pointer = null;
  }

  update(data) {
    const { root, plot } = this;
    plot.theme = root.theme;
    plot.from = data.from;
    plot.to = data.to;
    this.step = 0;
    this.shown.length = 0;
    const listed = [];
    for (const series of data.series) {
      const item = this.itemOf(series);
      if (!item.inLegend && item.gone) continue;
      if (item.inLegend) listed.push(item);
      item.visible = !item.gone && !this.legend.hidden.has(series.name);
      if (item.visible) this.shown.push(item);
      if (series.step > 0 && (this.step === 0 || series.step * 1000 < this.step)) this.step = series.step * 1000;
    }
    this.forget(data.series);
    root.say(data, data.series.length > 0);
    prepare(this.shown);
    this.fillBetween();
    this.legend.update(listed);
    this.layout();
    // Under a pointer that rests the numbers go on with the picture.
    if (this.pointer) this.hover(plot.timeAt(this.pointer[0]), ...this.pointer);
    this.summarize(data);
  }

  /** Settings of a series, read from its field once; its buffers live as long as the series does. */
  itemOf(series) {
    let item = this.items.get(series.key);
    if (!item) this.items.set(series.key, item = { inLegend: true, visible: true });
    if (item.field !== series.field || item.theme !== this.root.theme || item.index !== series.index) {
      const custom = series.field.custom ?? {};
      const stacking = custom.stacking ?? {};
      Object.assign(item, {
        field: series.field, theme: this.root.theme, index: series.index,
        drawStyle: custom.drawStyle ?? 'line', interpolation: custom.lineInterpolation ?? 'linear', spanNulls: custom.spanNulls ?? false,
        fillOpacity: custom.fillOpacity ?? 0, gradientMode: custom.gradientMode ?? 'none', lineWidth: custom.lineWidth ?? 1, lineStyle: custom.lineStyle ?? null,
        showPoints: custom.showPoints ?? 'auto', pointSize: custom.pointSize ?? 5, barAlignment: custom.barAlignment ?? 0, barWidthFactor: custom.barWidthFactor,
        barMaxWidth: custom.barMaxWidth, negate: custom.transform === 'negative-Y',
        stackMode: stacking.mode === 'percent' || stacking.mode === 'normal' ? stacking.mode : 'none', group: stacking.group ?? 'A',
        inLegend: custom.hideFrom?.legend !== true, gone: custom.hideFrom?.viz === true, inTooltip: custom.hideFrom?.tooltip !== true,
        axisKey: axisKeyOf(series.field, stacking.mode === 'percent'),
      });
    }
    item.series = series;
    item.times = series.times;
    item.values = series.values;
    item.color = this.colorOf(series);
    return item;
  }

  colorOf(series) {
    const { field } = series;
    const mode = field.color?.mode ?? 'palette-classic';
    if (mode === 'fixed' || mode === 'shades' || mode.startsWith('palette')) return fieldColor(field.color ? field : { ...field, color: { mode } }, 0, this.root.theme, series.index, series.name);
    const by = { min: 'min', max: 'max' }[field.color.seriesBy] ?? 'lastNotNull';
    return fieldColor(field, reduce(series.values, by), this.root.theme, series.index, series.name);
  }

  forget(series) {
    if (this.items.size <= series.length) return;
    const keys = new Set(series.map((entry) => entry.key));
    for (const key of this.items.keys()) if (!keys.has(key)) this.items.delete(key);
  }

  /** `fillBelowTo`: the area of a series ends at another one instead of at zero. */
  fillBetween() {
    for (const item of this.shown) {
      const wanted = item.field.custom?.fillBelowTo;
      const other = wanted ? this.shown.find((candidate) => candidate.series.name === wanted) : null;
      if (other && other.drawn.length === item.drawn.length) item.base = other.drawn;
    }
  }

  layout() {
    const { root, plot, legend } = this;
    const [width, height] = legend.place(root, root.width, root.room);
    plot.resize(width, height);
    this.measureAxes();
    plot.draw();
  }

  /** Ranges of the axes from what is drawn; the margins follow from their numbers' widths. */
  measureAxes() {
    const { plot } = this;
    const height = plot.surface.height - axisHeight - 8;
    const axes = new Map();
    for (const item of this.shown) {
      const axis = axes.get(item.axisKey) ?? axes.set(item.axisKey, { low: Infinity, high: -Infinity, field: item.field, percent: item.stackMode === 'percent', items: [] }).get(item.axisKey);
      axis.items.push(item);
      this.extend(axis, item);
    }
    const room = Math.max(1, Math.min(7, Math.floor(height / 38)));
    this.axes = [];
    const widths = { left: 0, right: 0 };
    for (const [key, axis] of axes) {
      const { field } = axis;
      const custom = field.custom ?? {};
      const log = custom.scaleDistribution?.type === 'log' ? custom.scaleDistribution.log ?? 2 : 0;
      if (axis.percent) axis.field = { ...field, unit: 'percentunit', decimals: null };
      Object.assign(axis, valueAxis(axis.low, axis.high, {
        min: axis.percent ? axis.low < 0 ? -1 : 0 : field.min, max: axis.percent ? axis.high > 0 ? 1 : 0 : field.max, softMin: custom.axisSoftMin, softMax: custom.axisSoftMax,
        unit: axis.field.unit, decimals: axis.field.decimals, room, log, centeredZero: custom.axisCenteredZero === true,
      }));
      axis.key = key;
      axis.side = this.sideOf(custom.axisPlacement);
      axis.label = custom.axisLabel ?? '';
      axis.grid = custom.axisGridShow ?? (axis.side !== 'none' && this.axes.every((other) => other.side === 'none'));
      axis.color = custom.axisColorMode === 'series' ? readable(axis.items[0].color, this.root.theme) : null;
      const greatest = Math.max(Math.abs(axis.min), Math.abs(axis.max));
      axis.texts = axis.ticks.map((tick) => axisText(tick, axis.field.unit, log ? Math.abs(tick) * 1.5 : greatest, log ? Math.abs(tick) : axis.step, log ? null : axis.field.decimals));
      if (axis.side !== 'none') {
        const widest = axis.texts.reduce((width, text) => Math.max(width, textWidth(text, small)), 0);
        axis.width = Math.max(custom.axisWidth ?? 0, Math.ceil((widest + 10) / 8) * 8) + (axis.label ? 16 : 0);
        widths[axis.side] += axis.width;
      }
      this.axes.push(axis);
      for (const item of axis.items) item.axis = axis;
    }
    // The left margin grows at once and shrinks only by much, or the picture would jump with every digit.
    if (widths.left > (this.leftWidth ?? 0) || widths.left < this.leftWidth - 24) this.leftWidth = widths.left;
    plot.setMargins(Math.max(8, this.leftWidth), Math.max(10, widths.right), 8, axisHeight);
  }

  sideOf(placement) {
    if (placement === 'left' || placement === 'right') return placement;
    if (placement === 'hidden') return 'none';
    return this.axes.some((other) => other.side === 'left') ? 'right' : 'left';
  }

  extend(axis, item) {
    const times = item.drawnTimes;
    const begin = Math.max(0, lowerBound(times, this.plot.from / 1000) - 1);
    const end = Math.min(times.length, lowerBound(times, this.plot.to / 1000) + 1);
    const { drawn, base } = item;
    const log = item.field.custom?.scaleDistribution?.type === 'log';
    for (let at = begin; at < end; at++) {
      const value = drawn[at];
      if (value !== value || value === Infinity || value === -Infinity || (log && value <= 0)) continue;
      if (value < axis.low) axis.low = value;
      if (value > axis.high) axis.high = value;
    }
    if ((item.stackMode !== 'none' && base === null) || item.drawStyle === 'bars') {
      if (!log && axis.low > 0) axis.low = 0;
      if (!log && axis.high < 0) axis.high = 0;
    }
  }

  paint(context, area) {
    const { plot, root } = this;
    const { theme } = root;
    this.drawThresholds(context, area, true);
    plot.drawTimeAxis(theme);
    this.drawAxes(context, area);
    context.save();
    context.beginPath();
    context.rect(area.left, area.top - 4, area.width + 2, area.height + 6);
    context.clip();
    for (const item of this.shown) {
      const faded = this.emphasized !== null && this.emphasized !== item.series.name;
      context.globalAlpha = faded ? 0.18 : 1;
      drawSeries(context, item, item.axis, area, plot.from, plot.to, theme);
    }
    context.globalAlpha = 1;
    context.restore();
    this.drawThresholds(context, area, false);
    if (root.data.annotations?.length) drawAnnotations(context, area, plot, root.data.annotations, (color) => named(color ?? 'blue', theme));
  }

  drawAxes(context, area) {
    const { theme } = this.root;
    const offset = { left: 0, right: 0 };
    context.textBaseline = 'middle';
    for (const axis of this.axes) {
      if (axis.side === 'none') continue;
      const left = axis.side === 'left';
      const edge = left ? area.left - offset.left : area.left + area.width + offset.right;
      context.font = small;
      context.textAlign = left ? 'right' : 'left';
      for (let at = 0; at < axis.ticks.length; at++) {
        const y = Math.round(valueY(axis, area, axis.ticks[at])) + 0.5;
        if (y < area.top - 1 || y > area.top + area.height + 1) continue;
        if (axis.grid) {
          context.fillStyle = axis.ticks[at] === 0 ? theme.axis : theme.grid;
          context.fillRect(area.left, y - 0.5, area.width, 1);
        }
        context.fillStyle = axis.color ?? theme.muted;
        context.fillText(axis.texts[at], edge + (left ? -7 : 7), y);
      }
      if (axis.label) drawAxisTitle(context, axis.label, left ? edge - axis.width + 9 : edge + axis.width - 9, area, theme);
      offset[axis.side] += axis.width;
    }
  }

  /** Thresholds of the board, once an axis: tints first, under everything, lines last. */
  drawThresholds(context, area, tints) {
    const { theme } = this.root;
    for (const axis of this.axes) {
      const style = axis.field.custom?.thresholdsStyle?.mode ?? 'off';
      if (style === 'off' || style === 'series' || !axis.items.length) continue;
      const list = steps(axis.field.thresholds, theme, axis.field.min ?? axis.min, axis.field.max ?? axis.max);
      for (let at = 0; at < list.length; at++) {
        const share = at === 0 ? 0 : shareOf(axis, list[at].value);
        const y = Math.round(area.top + area.height * (1 - Math.min(1, Math.max(0, share))));
        if (tints) {
          if (!style.includes('area')) continue;
          const end = at + 1 < list.length ? Math.min(1, Math.max(0, shareOf(axis, list[at + 1].value))) : 1;
          const top = Math.round(area.top + area.height * (1 - end));
          context.fillStyle = alpha(list[at].color, 0.09);
          context.fillRect(area.left, top, area.width, y - top);
        } else if (at > 0 && style !== 'area' && share >= 0 && share <= 1) {
          context.strokeStyle = alpha(list[at].color, 0.85);
          context.lineWidth = 1;
          if (style.startsWith('dashed')) context.setLineDash([8, 6]);
          context.beginPath();
          context.moveTo(area.left, y + 0.5);
          context.lineTo(area.left + area.width, y + 0.5);
          context.stroke();
          context.setLineDash([]);
        }
      }
    }
  }

  /** Index of the sample next to a time; -1 when the next one is farther than a step away. */
  nearest(item, time) {
    const times = item.drawnTimes;
    const seconds = time / 1000;
    let at = lowerBound(times, seconds);
    if (at > 0 && (at >= times.length || seconds - times[at - 1] < times[at] - seconds)) at--;
    if (at >= times.length) return -1;
    const reach = Math.max(item.series.step || 0, (this.plot.to - this.plot.from) / 1000 / this.plot.area.width * 8);
    return Math.abs(times[at] - seconds) <= reach ? at : -1;
  }

  mark(context, area, time) {
    const { theme } = this.root;
    for (const item of this.shown) {
      const at = this.nearest(item, time);
      if (at < 0) continue;
      const value = item.drawn[at];
      if (value !== value) continue;
      const y = valueY(item.axis, area, value);
      if (y < area.top - 1 || y > area.top + area.height + 1) continue;
      context.fillStyle = item.color;
      context.strokeStyle = theme.background;
      context.lineWidth = 1.5;
      context.beginPath();
      context.arc(this.plot.xOf(item.drawnTimes[at] * 1000), y, 3.5, 0, Math.PI * 2);
      context.fill();
      context.stroke();
    }
  }

  hover(time, x, y) {
    if (this.tooltip.pinned) return;
    this.pointer = [x, y];
    this.showTooltip(time, x, y, false);
  }

  leave() {
    this.pointer = null;
    this.tooltip.hide();
    this.live.textContent = '';
  }

  showTooltip(time, x, y, withLinks) {
    const { root, plot } = this;
    const { mode = 'single', sort = 'none', hideZeros = false } = this.options.tooltip ?? {};
    if (mode === 'none') return;
    const rows = [];
    let nearest = null;
    let distance = Infinity;
    let moment = time;
    for (const item of this.shown) {
      if (!item.inTooltip) continue;
      const at = this.nearest(item, time);
      if (at < 0 || item.drawn[at] !== item.drawn[at]) continue;
      const value = this.valueAt(item, at);
      if (hideZeros && value === 0) continue;
      const away = Math.abs(valueY(item.axis, plot.area, item.drawn[at]) - y);
      const row = { color: item.color, name: item.series.name, value, text: displayText(item.field, value, root.theme), strong: false, item };
      rows.push(row);
      if (away < distance) {
        distance = away;
        nearest = row;
        moment = item.drawnTimes[at] * 1000;
      }
    }
    const note = (root.data.annotations ?? []).filter((annotation) => Math.abs(plot.xOf(annotation.time) - x) < 5);
    if (rows.length === 0 && note.length === 0) return this.tooltip.hide();
    if (nearest) nearest.strong = rows.length > 1;
    let list = mode === 'single' ? (nearest ? [nearest] : []) : rows;
    if (sort === 'desc') list.sort((a, b) => b.value - a.value);
    else if (sort === 'asc') list.sort((a, b) => a.value - b.value);
    // Of very many series those next to the pointer are kept in sight.
    if (list.length > 32 && nearest) list = [nearest, ...list.filter((row) => row !== nearest)];
    list = [...note.map((annotation) => ({ color: named(annotation.color ?? 'blue', root.theme), name: annotation.title || annotation.name || '', text: annotation.text ?? '' })), ...list];
    const links = withLinks && nearest ? linksOf(nearest.item.field.links, { ...linkScope(root.context, root.data), series: nearest.item.series, value: nearest.value, text: nearest.text, time: moment }) : [];
    const title = root.context.format.dateTime(moment);
    this.tooltip.show(plot.overlay.element, x, y, title, list, links);
    if (document.activeElement === plot.overlay.element) this.live.textContent = `${title}: ${list.slice(0, 5).map((row) => `${row.name} ${row.text}`).join(', ')}`;
  }

  /** The series' own value at an index of what is drawn: not turned round, and not the stack's sum. */
  valueAt(item, at) {
    if (item.drawnTimes === item.times) return item.values[at];
    const own = lowerBound(item.times, item.drawnTimes[at]);
    return item.values[Math.min(own, item.values.length - 1)];
  }

  pin(time, x, y) {
    this.tooltip.hide(true);
    this.showTooltip(time, x, y, true);
    if (this.tooltip.element?.isConnected) this.tooltip.pin();
  }

  crosshair(time, withTooltip) {
    this.plot.crosshair(time);
    if (time === null || !withTooltip) return this.tooltip.hide();
    this.showTooltip(time, this.plot.xOf(time), this.plot.area.top + this.plot.area.height / 3, false);
  }

  emphasize(name) {
    const wanted = name !== null && this.shown.length > 1 && this.shown.some((item) => item.series.name === name) ? name : null;
    if (wanted === this.emphasized) return;
    this.emphasized = wanted;
    this.plot.draw();
  }

  /** The panel in words, for those who do not see it; made when it is asked for, not at each refresh. */
  summarize(data) {
    const { root, plot } = this;
    const now = performance.now();
    if (this.summarized && now - this.summarized < 5000 && this.summaryCount === this.shown.length) return;
    this.summarized = now;
    this.summaryCount = this.shown.length;
    const { format } = root.context;
    const parts = this.shown.slice(0, 4).map(({ series }) => {
      const text = (id) => {
        const value = reduce(series.values, id);
        return value === null ? root.words.noData : displayText(series.field, value, root.theme);
      };
      return root.words.seriesSummary(series.name, text('lastNotNull'), text('min'), text('max'));
    });
    plot.overlay.element.setAttribute('aria-label', root.words.chartSummary(root.panel.title, data.series.length, format.dateTime(data.from), format.dateTime(data.to), parts));
  }

  destroy() {
    this.tooltip.hide(true);
    this.plot.destroy();
  }
}

/** Series share an axis when their unit and the axis' settings are the same. */
function axisKeyOf(field, percent) {
  const custom = field.custom ?? {};
  const scale = custom.scaleDistribution;
  return [percent ? 'percentunit' : field.unit, field.min, field.max, custom.axisSoftMin, custom.axisSoftMax, custom.axisPlacement, custom.axisLabel, scale?.type, scale?.log].join(' ');
}
