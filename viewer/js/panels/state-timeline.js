// State timeline and status history: a row a series, a coloured stretch for as long as a state lasted.

import { alpha, mix, named, steps, textOn } from '../draw/colors.js';
import { fitted, font, make, setText, textWidth } from '../draw/canvas.js';
import { axisHeight, drawAnnotations, TimePlot } from '../draw/plot.js';
import { lowerBound } from '../draw/timeseries.js';
import { formatText } from '../draw/units.js';
import { asPanel, PanelRoot } from './base.js';
import { linkScope, linksOf } from './links.js';
import { Tooltip } from './tooltip.js';
import { display, mapped, mappedWords } from './values.js';

const small = font(11);
const label = font(12);

export function create(panel, element, context) {
  const root = new PanelRoot(panel, element, context, 'timeline');
  return asPanel(root, new TimelinePanel(root));
}

class TimelinePanel {
  constructor(root) {
    this.root = root;
    this.options = root.panel.options ?? {};
    this.history = root.panel.type === 'status-history';
    this.states = new Map();
    this.scroller = make('div', 'draw-picture scrolls');
    this.plot = new TimePlot(this.scroller, root.context, {
      paint: (context, area) => this.paint(context, area),
      hover: (time, x, y) => this.hover(time, x, y, false),
      leave: () => this.tooltip.hide(),
      pin: (time, x, y) => this.pin(time, x, y),
      step: () => this.step,
    });
    this.tooltip = new Tooltip(root);
    this.legend = make('div', 'draw-legend list bottom words');
    root.body.append(this.scroller, this.legend);
  }

  update(data) {
    const { root, plot } = this;
    plot.theme = root.theme;
    plot.from = data.from;
    plot.to = data.to;
    if (this.stateTheme !== root.theme) this.states.clear();
    this.stateTheme = root.theme;
    this.rows = data.series.filter((series) => series.field.custom?.hideFrom?.viz !== true);
    this.step = this.rows.reduce((least, series) => series.step > 0 ? Math.min(least, series.step * 1000) : least, Infinity);
    root.say(data, this.rows.length > 0);
    this.fillLegend();
    this.layout();
    plot.overlay.element.setAttribute('aria-label', root.words.chartSummary(root.panel.title, this.rows.length, root.context.format.dateTime(data.from), root.context.format.dateTime(data.to), this.rows.slice(0, 6).map((series) => {
      const at = lastIndex(series.values);
      return `${series.name}: ${at < 0 ? root.words.noData : this.stateOf(series, series.values[at]).text}`;
    })));
  }

  /** How a value is called and coloured; equal answers are the same object, so that neighbours can be merged. */
  stateOf(series, value) {
    const { field } = series;
    let known = this.states.get(field);
    if (!known) {
      if (this.states.size > 500) this.states.clear();
      this.states.set(field, known = { byValue: new Map(), byLook: new Map() });
    }
    let state = known.byValue.get(value);
    if (state) return state;
    if (known.byValue.size > 2000) known.byValue.clear();
    const shown = display(field, value, this.root.theme, series);
    let text = shown.prefix + shown.text + shown.suffix;
    // Values between the same two thresholds are one state, and are called by the thresholds.
    if (!shown.mapped && this.mergesThresholds(field)) text = rangeText(field, value, this.root.theme);
    const look = `${shown.color} ${text}`;
    state = known.byLook.get(look);
    if (!state) known.byLook.set(look, state = { text, color: shown.color });
    known.byValue.set(value, state);
    return state;
  }

  mergesThresholds(field) {
    return !this.history && (field.color?.mode ?? 'thresholds') === 'thresholds' && (field.thresholds?.steps?.length ?? 0) > 1 && this.options.mergeValues !== false;
  }

  fillLegend() {
    const { root } = this;
    const first = this.rows[0]?.field;
    const wanted = this.options.legend?.showLegend !== false && this.options.legend?.displayMode !== 'hidden' && first;
    let words = wanted ? mappedWords(first, root.theme) : [];
    if (wanted && words.length === 0 && (first.color?.mode ?? 'thresholds') === 'thresholds') {
      words = steps(first.thresholds, root.theme, first.min ?? 0, first.max ?? 100).map((step) => ({ color: step.color, text: rangeText(first, step.value, root.theme) }));
    }
    words = words.slice(0, 12);
    this.legend.hidden = words.length === 0 || root.room < 90;
    while (this.legend.children.length > words.length) this.legend.lastChild.remove();
    while (this.legend.children.length < words.length) {
      const entry = make('span', 'draw-legend-row');
      entry.append(make('i'), make('span', 'name'));
      this.legend.append(entry);
    }
    for (const [at, word] of words.entries()) {
      this.legend.children[at].firstChild.style.background = word.color;
      setText(this.legend.children[at].lastChild, word.text);
    }
  }

  layout() {
    const { root, plot, rows } = this;
    if (!rows) return;
    this.legend.hidden = this.legend.children.length === 0 || root.room < 90;
    const height = root.room - (this.legend.hidden ? 0 : this.legend.offsetHeight || 24);
    this.scroller.style.height = `${height}px`;
    const space = (height - axisHeight - 6) / Math.max(1, rows.length);
    // Below a dozen pixels nobody reads a row: then the panel scrolls.
    this.rowSpace = Math.max(15, Math.min(space, 64));
    const wanted = Math.max(height, Math.ceil(this.rowSpace * rows.length + axisHeight + 6));
    const scrolls = wanted > height + 1;
    this.scroller.classList.toggle('needed', scrolls);
    plot.resize(root.width - (scrolls ? 11 : 0), wanted);
    const widest = rows.reduce((width, series) => Math.max(width, textWidth(series.name, label)), 0);
    const left = Math.min(root.width * 0.34, widest + 14);
    if (left > (this.left ?? 0) || left < this.left - 24) this.left = left;
    plot.setMargins(this.left, 10, 4, scrolls || space <= 64 ? axisHeight + 2 : height - this.rowSpace * rows.length - 4);
    plot.draw();
  }

  paint(context, area) {
    const { root, plot, rows } = this;
    const { theme } = root;
    plot.drawTimeAxis(theme);
    const thick = Math.max(8, this.rowSpace * Math.min(1, this.options.rowHeight ?? 0.9));
    for (const [at, series] of rows.entries()) {
      const top = area.top + at * this.rowSpace + (this.rowSpace - thick) / 2;
      context.font = label;
      context.textAlign = 'right';
      context.textBaseline = 'middle';
      context.fillStyle = theme.text;
      context.fillText(fitted(series.name, this.left - 12, label), area.left - 8, top + thick / 2);
      context.save();
      context.beginPath();
      context.rect(area.left, top - 1, area.width, thick + 2);
      context.clip();
      this.drawRow(context, series, area, Math.round(top), Math.round(thick));
      context.restore();
    }
    if (root.data.annotations?.length) drawAnnotations(context, area, plot, root.data.annotations, (color) => named(color ?? 'blue', theme));
  }

  drawRow(context, series, area, top, thick) {
    const { theme } = this.root;
    const { times, values, field } = series;
    const merges = !this.history && this.options.mergeValues !== false;
    const step = series.step || (times.length > 1 ? (times[times.length - 1] - times[0]) / (times.length - 1) : (this.plot.to - this.plot.from) / 1000);
    const first = Math.max(0, lowerBound(times, this.plot.from / 1000) - 1);
    const custom = field.custom ?? {};
    const opacity = (custom.fillOpacity ?? 70) / 100;
    const spans = custom.spanNulls === true ? Infinity : typeof custom.spanNulls === 'number' ? custom.spanNulls / 1000 : 0;
    const gap = this.history ? Math.min(3, Math.max(0.5, this.plot.area.width / Math.max(1, values.length) * (1 - (this.options.colWidth ?? 0.9)))) : 0;
    let begin = NaN;
    let end = NaN;
    let state = null;
    const flush = () => {
      if (state) this.drawStretch(context, area, state, begin, Math.min(end, this.plot.to / 1000 + step), top, thick, opacity, custom.lineWidth ?? 0, gap, theme);
      state = null;
    };
    for (let at = first; at < values.length; at++) {
      if (times[at] * 1000 > this.plot.to) break;
      const value = values[at];
      if (value !== value) {
        const empty = mapped(field, null);
        if (!empty?.text || !empty.color) {
          if (state && spans === 0) flush();
          continue;
        }
      }
      const next = this.stateOf(series, value === value ? value : null);
      if (state === next && merges && times[at] - end <= Math.max(spans, step * 0.5)) end = times[at] + step;
      else {
        if (state && times[at] - end <= spans) end = times[at];
        flush();
        state = next;
        begin = times[at];
        end = times[at] + step;
      }
    }
    flush();
  }

  drawStretch(context, area, state, begin, end, top, thick, opacity, border, gap, theme) {
    const left = Math.max(area.left - 2, this.plot.xOf(begin * 1000));
    const right = Math.min(area.left + area.width + 2, this.plot.xOf(end * 1000));
    const width = Math.max(1, right - left - gap);
    context.fillStyle = alpha(state.color, opacity);
    // A pixel of air between neighbours of one row keeps short states apart.
    context.fillRect(left, top, width > 3 && gap === 0 ? width - 1 : width, thick);
    if (border > 0) {
      context.strokeStyle = state.color;
      context.lineWidth = border;
      context.strokeRect(left + border / 2, top + border / 2, width - border, thick - border);
    }
    const mode = this.options.showValue ?? 'auto';
    if (mode === 'never' || thick < 13) return;
    const room = Math.min(right, area.left + area.width) - Math.max(left, area.left) - 10;
    const text = fitted(state.text, room, small);
    if (text === '' || (mode === 'auto' && text !== state.text)) return;
    context.font = small;
    context.fillStyle = textOn(mix(state.color, theme.background, 1 - opacity), theme.background);
    context.textBaseline = 'middle';
    const align = this.options.alignValue ?? 'left';
    context.textAlign = align;
    const from = Math.max(left, area.left);
    context.fillText(text, align === 'center' ? from + (room + 10) / 2 : align === 'right' ? from + room + 5 : from + 6, top + thick / 2 + 0.5);
  }

  hover(time, x, y, withLinks) {
    if (this.tooltip.pinned) return;
    const { rows, plot, root } = this;
    const row = Math.floor((y - plot.area.top) / this.rowSpace);
    const multi = (this.options.tooltip?.mode ?? 'single') === 'multi';
    if (this.options.tooltip?.mode === 'none') return;
    const lines = [];
    let links = [];
    for (const [at, series] of rows.entries()) {
      if (!multi && at !== row) continue;
      const found = this.indexAt(series, time);
      const value = found < 0 ? NaN : series.values[found];
      if (value !== value) {
        lines.push({ color: 'transparent', name: series.name, text: root.words.noData });
        continue;
      }
      const state = this.stateOf(series, value);
      const shown = display(series.field, value, root.theme, series);
      lines.push({ color: state.color, name: series.name, text: shown.prefix + shown.text + shown.suffix, strong: multi && at === row });
      if (at !== row) continue;
      const [begin, end] = this.stretch(series, found, state);
      lines.push({ color: 'transparent', name: root.words.lasted, text: formatText((end - begin) / 1000, 's', null) });
      if (withLinks) links = linksOf(series.field.links, { ...linkScope(root.context, root.data), series, value, time });
    }
    if (lines.length === 0) return this.tooltip.hide();
    this.tooltip.show(plot.overlay.element, x, y, root.context.format.dateTime(time), lines, links);
  }

  indexAt(series, time) {
    const { times } = series;
    const at = lowerBound(times, time / 1000 + 1e-6) - 1;
    return at >= 0 && time / 1000 - times[at] <= (series.step || Infinity) ? at : -1;
  }

  /** From when to when a state holds, in milliseconds. */
  stretch(series, at, state) {
    const same = (index) => series.values[index] === series.values[index] && this.stateOf(series, series.values[index]) === state;
    let begin = at;
    let end = at;
    while (begin > 0 && same(begin - 1)) begin--;
    while (end < series.values.length - 1 && same(end + 1)) end++;
    return [series.times[begin] * 1000, (series.times[end] + (series.step || 0)) * 1000];
  }

  pin(time, x, y) {
    this.tooltip.hide(true);
    this.hover(time, x, y, true);
    if (this.tooltip.element?.isConnected) this.tooltip.pin();
  }

  crosshair(time) {
    this.plot.crosshair(time);
  }

  destroy() {
    this.tooltip.hide(true);
    this.plot.destroy();
  }
}

function lastIndex(values) {
  let at = values.length - 1;
  while (at >= 0 && values[at] !== values[at]) at--;
  return at;
}

/** `< 80%`, `80% – 95%`, `≥ 95%`: between which thresholds a value lies. */
function rangeText(field, value, theme) {
  const list = steps(field.thresholds, theme, field.min ?? 0, field.max ?? 100);
  const write = (number) => formatText(number, field.unit, field.decimals);
  if (list.length < 2) return write(value === -Infinity ? 0 : value);
  let at = 0;
  while (at + 1 < list.length && value >= list[at + 1].value) at++;
  if (at === 0) return `< ${write(list[1].value)}`;
  return at + 1 < list.length ? `${write(list[at].value)} – ${write(list[at + 1].value)}` : `≥ ${write(list[at].value)}`;
}
