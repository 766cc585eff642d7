// The bar chart: a group of bars for each row of a table, standing or lying.

import { alpha, fieldColor, textOn } from '../draw/colors.js';
import { fitted, font, make, Surface, textWidth } from '../draw/canvas.js';
import { valueAxis } from '../draw/scale.js';
import { axisText } from '../draw/units.js';
import { asPanel, PanelRoot } from './base.js';
import { asField, displayName } from './fields.js';
import { Legend } from './legend.js';
import { linkScope, linksOf } from './links.js';
import { reduce } from './reduce.js';
import { Tooltip } from './tooltip.js';
import { display, displayText, numberOf } from './values.js';

const small = font(11);

export function create(panel, element, context) {
  const root = new PanelRoot(panel, element, context, 'barchart');
  return asPanel(root, new BarChartPanel(root));
}

class BarChartPanel {
  constructor(root) {
    this.root = root;
    this.options = root.panel.options ?? {};
    this.picture = make('div', 'draw-picture');
    this.surface = new Surface('plot');
    const canvas = this.surface.element;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'img');
    this.picture.append(canvas);
    this.current = -1;
    this.tooltip = new Tooltip(root);
    canvas.addEventListener('pointermove', (event) => this.hover(this.groupAt(event.offsetX, event.offsetY), event.offsetX, event.offsetY));
    canvas.addEventListener('pointerleave', () => this.leave());
    canvas.addEventListener('blur', () => this.leave());
    canvas.addEventListener('click', (event) => this.pin(event.offsetX, event.offsetY));
    canvas.addEventListener('keydown', (event) => this.key(event));
    this.legend = new Legend(root, this.options.legend, { changed: () => this.update(root.data), hovered: () => {} });
    root.body.append(this.picture);
    if (this.legend.wanted) root.body.append(this.legend.element);
  }

  update(data) {
    const { root } = this;
    this.read(data);
    root.say(data, this.names.length > 0 && this.series.length > 0);
    this.legend.update(this.series);
    this.layout();
    this.surface.element.setAttribute('aria-label', root.words.barSummary(root.panel.title, this.names.length, this.names.slice(0, 6).map((name, at) =>
      `${name}: ${this.series.slice(0, 3).map((item) => `${item.series.name} ${this.textOf(item, at)}`).join(', ')}`)));
  }

  /** Names of the groups and the columns of numbers; series without a table are one bar each. */
  read(data) {
    const { theme } = this.root;
    const { frame } = data;
    this.frame = frame;
    this.series = [];
    this.names = [];
    if (frame && frame.length > 0) {
      const wanted = this.options.xField;
      const x = frame.fields.find((field) => field.name === wanted || field.config?.displayName === wanted) ?? frame.fields.find((field) => field.type === 'string') ?? frame.fields.find((field) => field.type === 'time');
      for (let at = 0; at < frame.length; at++) this.names.push(x ? x.type === 'time' ? this.root.context.format.short(x.values[at]) : x.type === 'number' ? displayText(asField(x.config), numberOf(x.values[at]), theme) : String(x.values[at] ?? '') : String(at + 1));
      for (const field of frame.fields) {
        if (field === x || field.type !== 'number' || field.config?.custom?.hideFrom?.viz || field.config?.custom?.hidden) continue;
        this.add({ name: field.name, labels: field.labels ?? {}, values: Float64Array.from(field.values, (value) => numberOf(value) ?? NaN), field: asField(field.config), index: this.series.length });
      }
    } else if (data.series.length > 0) {
      this.names = data.series.map((series) => series.name);
      this.add({ name: this.root.words.value, labels: {}, values: Float64Array.from(data.series, (series) => reduce(series.values, 'lastNotNull') ?? NaN), field: data.series[0].field, index: 0 });
    }
  }

  add(series) {
    series.name = displayName(series);
    const { field } = series;
    const mode = field.color?.mode ?? 'palette-classic';
    const color = fieldColor(field.color ? field : { ...field, color: { mode } }, reduce(series.values, 'lastNotNull'), this.root.theme, series.index, series.name);
    this.series.push({ series, color, byValue: mode === 'thresholds' || mode.startsWith('continuous'), low: reduce(series.values, 'min') ?? 0, high: reduce(series.values, 'max') ?? 1 });
  }

  textOf(item, at) {
    const value = item.series.values[at];
    return displayText(item.series.field, value === value ? value : null, this.root.theme);
  }

  layout() {
    const { root, legend, surface } = this;
    if (!this.series) return;
    const [width, height] = legend.place(root, root.width, root.room);
    surface.resize(width, height);
    this.draw();
  }

  draw() {
    const { surface, root, options } = this;
    const { context } = surface;
    const { theme } = root;
    surface.clear();
    const items = this.series.filter((item) => !this.legend.hidden.has(item.series.name));
    if (items.length === 0 || surface.width < 60 || surface.height < 50) return;
    const count = this.names.length;
    const widest = this.names.reduce((width, name) => Math.max(width, textWidth(name.slice(0, 60), small)), 0);
    // Names that do not fit under standing bars make them lie down, where the board leaves it open.
    const wanted = options.orientation ?? 'auto';
    const lying = wanted === 'horizontal' || (wanted === 'auto' && widest > (surface.width - 60) / count - 6 && count * 18 < surface.height * 1.6);
    this.lying = lying;
    const stacking = options.stacking === 'normal' || options.stacking === 'percent' ? options.stacking : 'none';
    const field = items[0].series.field;
    const axis = this.axisOf(items, stacking, field, lying);
    const texts = axis.texts;
    const nameRoom = Math.min(widest + 14, surface.width * 0.38);
    const left = lying ? nameRoom : Math.max(...texts.map((text) => textWidth(text, small))) + 14;
    const area = { left, top: 10, width: surface.width - left - (lying ? 22 : 8), height: surface.height - 10 - 24 };
    this.area = area;
    const place = (value) => lying ? area.left + (value - axis.min) / (axis.max - axis.min) * area.width : area.top + area.height - (value - axis.min) / (axis.max - axis.min) * area.height;
    context.font = small;
    context.textBaseline = 'middle';
    for (const [at, tick] of axis.ticks.entries()) {
      const position = Math.round(place(tick));
      context.fillStyle = tick === 0 ? theme.axis : theme.grid;
      if (lying) context.fillRect(position, area.top, 1, area.height);
      else context.fillRect(area.left, position, area.width, 1);
      context.fillStyle = theme.muted;
      context.textAlign = lying ? 'center' : 'right';
      context.fillText(texts[at], lying ? position : area.left - 7, lying ? area.top + area.height + 12 : position);
    }
    const space = (lying ? area.height : area.width) / count;
    const group = Math.max(1, Math.min(space * (options.groupWidth ?? 0.7), (stacking === 'none' ? items.length : 1) * 90));
    const thick = stacking === 'none' ? group / items.length : group;
    const zero = Math.min(axis.max, Math.max(axis.min, 0));
    let lastName = -Infinity;
    for (let at = 0; at < count; at++) {
      const begin = (lying ? area.top : area.left) + at * space + (space - group) / 2;
      if (at === this.current) {
        context.fillStyle = theme.hover;
        if (lying) context.fillRect(0, area.top + at * space, surface.width, space);
        else context.fillRect(area.left + at * space, area.top, space, area.height);
      }
      let up = 0;
      let down = 0;
      const total = stacking === 'percent' ? items.reduce((sum, item) => sum + Math.abs(item.series.values[at] || 0), 0) || 1 : 1;
      for (const [number, item] of items.entries()) {
        const raw = item.series.values[at];
        if (raw !== raw) continue;
        const value = raw / total;
        const from = stacking === 'none' ? zero : value < 0 ? down : up;
        const to = stacking === 'none' ? value : from + value;
        if (value < 0) down = to;
        else up = to;
        this.bar(item, at, begin + (stacking === 'none' ? number * thick : 0), thick, place(Math.max(axis.min, Math.min(axis.max, from))), place(Math.max(axis.min, Math.min(axis.max, to))), stacking);
      }
      context.font = small;
      context.fillStyle = theme.text;
      const middle = (lying ? area.top : area.left) + (at + 0.5) * space;
      if (lying) {
        if (middle - lastName < 13) continue;
        lastName = middle;
        context.textAlign = 'right';
        context.fillText(fitted(this.names[at], nameRoom - 12, small), area.left - 7, middle);
      } else {
        const name = fitted(this.names[at], Math.max(space - 4, Math.min(widest, 64)), small);
        const half = textWidth(name, small) / 2;
        if (middle - half < lastName + 6) continue;
        lastName = middle + half;
        context.textAlign = 'center';
        context.fillText(name, middle, area.top + area.height + 12);
      }
    }
  }

  axisOf(items, stacking, field, lying) {
    let low = Infinity;
    let high = -Infinity;
    for (let at = 0; at < this.names.length; at++) {
      let up = 0;
      let down = 0;
      for (const item of items) {
        const value = item.series.values[at];
        if (value !== value || Math.abs(value) === Infinity) continue;
        if (stacking === 'none') {
          low = Math.min(low, value);
          high = Math.max(high, value);
        } else if (value < 0) down += value;
        else up += value;
      }
      if (stacking !== 'none') {
        low = Math.min(low, down);
        high = Math.max(high, up);
      }
    }
    const percent = stacking === 'percent';
    const unit = percent ? 'percentunit' : field.unit;
    const custom = field.custom ?? {};
    const axis = valueAxis(percent ? (low < 0 ? -1 : 0) : Math.min(0, low), percent ? (high > 0 ? 1 : 0) : Math.max(0, high), {
      min: percent ? undefined : field.min, max: percent ? undefined : field.max, softMin: custom.axisSoftMin, softMax: custom.axisSoftMax, unit, decimals: percent ? null : field.decimals,
      room: Math.max(1, Math.floor(lying ? this.surface.width * 0.6 / 90 : this.surface.height / 42)),
    });
    const greatest = Math.max(Math.abs(axis.min), Math.abs(axis.max));
    axis.texts = axis.ticks.map((tick) => axisText(tick, unit, greatest, axis.step, percent ? null : field.decimals));
    return axis;
  }

  bar(item, at, begin, thick, from, to, stacking) {
    const { context } = this.surface;
    const { theme } = this.root;
    const { field } = item.series;
    const color = item.byValue || field.mappings?.length ? display(field, item.series.values[at], theme, item.series, item.low, item.high).color : item.color;
    const gap = stacking === 'none' ? Math.max(0.5, thick * (1 - (this.options.barWidth ?? 0.97)) / 2) : 0;
    const start = Math.min(from, to);
    const length = Math.max(Math.abs(to - from), 1);
    context.fillStyle = alpha(color, (field.custom?.fillOpacity ?? 80) / 100);
    if (this.lying) context.fillRect(start, begin + gap, length, thick - gap * 2);
    else context.fillRect(begin + gap, start, thick - gap * 2, length);
    if (!this.showsValues(thick)) return;
    const text = this.textOf(item, at);
    const width = textWidth(text, small);
    context.font = small;
    context.fillStyle = theme.text;
    const stacked = stacking !== 'none';
    if (stacked && length < (this.lying ? width + 6 : 14)) return;
    if (this.lying) {
      const outside = Math.max(from, to) + 5;
      const inside = stacked || outside + width > this.surface.width;
      if (inside) context.fillStyle = textOn(color, theme.background);
      context.textAlign = inside ? 'right' : 'left';
      context.fillText(text, inside ? Math.max(from, to) - 4 : outside, begin + thick / 2);
    } else {
      context.textAlign = 'center';
      const above = start - 7;
      if (stacked || above < 6) context.fillStyle = textOn(color, theme.background);
      context.fillText(text, begin + thick / 2, stacked || above < 6 ? start + 8 : to > from ? start + length + 8 : above);
    }
  }

  /** Numbers stand at all bars or at none. */
  showsValues(thick) {
    const mode = this.options.showValue ?? 'auto';
    if (mode !== 'auto') return mode === 'always';
    if (this.lying) return thick >= 13;
    return this.series.every((item) => this.names.every((_, at) => textWidth(this.textOf(item, at), small) <= thick + 4));
  }

  groupAt(x, y) {
    const { area, lying } = this;
    if (!area) return -1;
    const share = lying ? (y - area.top) / area.height : (x - area.left) / area.width;
    return share >= 0 && share < 1 ? Math.floor(share * this.names.length) : -1;
  }

  hover(group, x, y) {
    if (this.tooltip.pinned) return;
    if (group !== this.current) {
      this.current = group;
      this.draw();
    }
    if (group < 0 || this.options.tooltip?.mode === 'none') return this.tooltip.hide();
    const items = this.series.filter((item) => !this.legend.hidden.has(item.series.name));
    const rows = items.map((item) => ({ color: item.color, name: item.series.name, value: item.series.values[group], text: this.textOf(item, group) }));
    const sort = this.options.tooltip?.sort;
    if (sort === 'desc' || sort === 'asc') rows.sort((a, b) => (sort === 'desc' ? b.value - a.value : a.value - b.value));
    this.tooltip.show(this.surface.element, x, y, this.names[group], rows, []);
  }

  leave() {
    this.tooltip.hide();
    if (this.current < 0 || this.tooltip.pinned) return;
    this.current = -1;
    this.draw();
  }

  pin(x, y) {
    const group = this.groupAt(x, y);
    this.tooltip.hide(true);
    if (group < 0) return;
    const links = this.series.flatMap((item) => linksOf(item.series.field.links, { ...linkScope(this.root.context, this.root.data), series: item.series, frame: this.frame, row: group, value: item.series.values[group] }));
    this.tooltip.show(this.surface.element, x, y, this.names[group], this.series.map((item) => ({ color: item.color, name: item.series.name, text: this.textOf(item, group) })), links);
    this.tooltip.pin();
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') return this.leave();
    if (!step || !this.area) return;
    event.preventDefault();
    const next = Math.min(this.names.length - 1, Math.max(0, this.current + step));
    const { area } = this;
    const middle = (next + 0.5) / this.names.length;
    this.hover(next, this.lying ? area.left + area.width / 2 : area.left + middle * area.width, this.lying ? area.top + middle * area.height : area.top + area.height / 3);
  }

  destroy() {
    this.tooltip.hide(true);
  }
}
