// The bar chart: a group of bars for each row of a table, standing or lying.

import { alpha, isRamp, seriesColors, textOn } from '../draw/colors.js';
import { clamp, fillBox, fitted, make, Surface, textWidth, widestOf, write } from '../draw/canvas.js';
import { extentOf } from '../draw/scale.js';
import { axisWithTexts } from './axes.js';
import { asField, displayName } from './fields.js';
import { makeLegend } from './legend.js';
import { rowLinks } from './links.js';
import { reduce } from './reduce.js';
import { sorted } from './timeseries.js';
import { display, displayText, numberOf } from './values.js';

const arrows = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export function drawBarChart(root) {
  const { options, words, panel, tooltip, context: { format } } = root;
  const { orientation = 'auto', stacking, groupWidth = 0.7, barWidth = 0.97, showValue = 'auto' } = options;
  const { mode: tipMode, sort } = options.tooltip ?? {};
  const isShare = stacking === 'percent';
  const isStacked = isShare || stacking === 'normal';
  const surface = new Surface('plot');
  const { element: canvas, context } = surface;
  let names = [];
  let all = null;
  let current = -1;
  let isLying = false;
  let area = null;

  const legend = makeLegend(root, () => update(root.data));
  Object.assign(canvas, { tabIndex: 0, role: 'img' });
  root.body.append(make('div', 'draw-picture', canvas), legend.element);

  const update = (data) => {
    read(data);
    root.say(data, names.length > 0 && all.length > 0);
    legend.update(all);
    layout();
    canvas.ariaLabel = words.barSummary(panel.title, names.length, names.slice(0, 6).map((name, at) => `${name}: ${all.slice(0, 3).map((item) => `${item.series.name} ${textAt(item, at)}`).join(', ')}`));
  };

  /** Names of the groups and the columns of numbers; series without a table are one bar each. */
  const read = ({ frame, series }) => {
    const { theme } = root;
    const lists = [];
    names = [];
    if (frame?.length > 0) {
      const isOf = (type) => (field) => field.type === type;
      const x = frame.fields.find((field) => field.name === options.xField || (options.xField && field.config?.displayName === options.xField)) ?? frame.fields.find(isOf('string')) ?? frame.fields.find(isOf('time'));
      const nameOf = (value) => x.type === 'time' ? format.short(value) : x.type === 'number' ? displayText(asField(x.config), numberOf(value), theme) : String(value ?? '');
      for (let at = 0; at < frame.length; at++) names.push(x ? nameOf(x.values[at]) : String(at + 1));
      for (const field of frame.fields) {
        const { type, config, name, labels = {}, values } = field;
        if (field === x || type !== 'number' || config?.custom?.hideFrom?.viz || config?.custom?.hidden) continue;
        lists.push({ name, labels, values: Float64Array.from(values, (value) => numberOf(value) ?? NaN), field: asField(config), index: lists.length });
      }
    } else if (series.length > 0) {
      names = series.map((each) => each.name);
      lists.push({ name: words.value, labels: {}, values: Float64Array.from(series, (each) => reduce(each.values, 'lastNotNull') ?? NaN), field: series[0].field, index: 0 });
    }
    for (const each of lists) each.name = displayName(each);
    const colors = seriesColors(lists, theme, ({ values }) => reduce(values, 'lastNotNull'));
    all = lists.map((each, at) => {
      const { color, mappings } = each.field;
      return { series: each, color: colors[at], isByValue: color?.mode === 'thresholds' || isRamp(color?.mode) || mappings?.length > 0, low: reduce(each.values, 'min') ?? 0, high: reduce(each.values, 'max') ?? 1 };
    });
  };

  const shownItems = () => all.filter((item) => !legend.isHidden(item.series.name));

  const textAt = ({ series: { values, field } }, at) => displayText(field, values[at] === values[at] ? values[at] : null, root.theme);

  const layout = () => {
    if (!all) return;
    surface.resize(...legend.place());
    draw();
  };

  /** From where to where the bars of a group go, one for each item, null for none; on one another where a board says so. */
  const spansAt = (items, at) => {
    const total = isShare ? items.reduce((sum, item) => sum + Math.abs(item.series.values[at] || 0), 0) || 1 : 1;
    const ends = { up: 0, down: 0 };
    return items.map((item) => {
      const value = item.series.values[at] / total;
      if (value !== value) return null;
      const side = value < 0 ? 'down' : 'up';
      const from = isStacked ? ends[side] : 0;
      return [from, ends[side] = from + value];
    });
  };

  const draw = () => {
    const { theme } = root;
    const { width, height } = surface;
    const items = shownItems();
    surface.clear();
    if (items.length === 0 || width < 60 || height < 50) return;
    const count = names.length;
    const widest = widestOf(names.map((name) => name.slice(0, 60)));
    // Names that do not fit under standing bars make them lie down, where the board leaves it open.
    isLying = orientation === 'horizontal' || (orientation === 'auto' && widest > (width - 60) / count - 6 && count * 18 < height * 1.6);
    const spans = names.map((_, at) => spansAt(items, at));
    const { field } = items[0].series;
    const [low, high] = extentOf([spans.flat(2)]);
    const axis = axisWithTexts(Math.min(0, low), Math.max(0, high), { field, isShare, room: Math.max(1, Math.floor(isLying ? width * 0.6 / 90 : height / 42)) });
    const nameRoom = Math.min(widest + 14, width * 0.38);
    const left = isLying ? nameRoom : widestOf(axis.texts) + 14;
    area = { left, top: 10, width: width - left - (isLying ? 22 : 8), height: height - 34 };
    const bottom = area.top + area.height;
    const place = (value) => {
      const share = (value - axis.min) / (axis.max - axis.min);
      return isLying ? area.left + share * area.width : bottom - share * area.height;
    };
    for (const [at, tick] of axis.ticks.entries()) {
      const position = Math.round(place(tick));
      const color = tick === 0 ? theme.axis : theme.grid;
      if (isLying) fillBox(context, color, position, area.top, 1, area.height);
      else fillBox(context, color, area.left, position, area.width, 1);
      if (isLying) write(context, axis.texts[at], position, bottom + 12, theme.muted, 'center');
      else write(context, axis.texts[at], area.left - 7, position, theme.muted, 'right');
    }
    const start = isLying ? area.top : area.left;
    const space = (isLying ? area.height : area.width) / count;
    const side = isStacked ? 1 : items.length;
    const group = clamp(space * groupWidth, 1, side * 90);
    const thick = group / side;
    const hasValues = showValue === 'auto' ? isLying ? thick >= 13 : items.every((item) => names.every((_, at) => textWidth(textAt(item, at)) <= thick + 4)) : showValue === 'always';
    let lastName = -Infinity;
    for (let at = 0; at < count; at++) {
      const begin = start + at * space;
      if (at === current && isLying) fillBox(context, theme.hover, 0, begin, width, space);
      else if (at === current) fillBox(context, theme.hover, begin, area.top, space, area.height);
      for (const [number, span] of spans[at].entries()) {
        if (span) bar(items[number], at, begin + (space - group) / 2 + (isStacked ? 0 : number * thick), thick, ...span.map((value) => place(clamp(value, axis.min, axis.max))), hasValues);
      }
      const middle = begin + space / 2;
      const name = fitted(names[at], isLying ? nameRoom - 12 : Math.max(space - 4, Math.min(widest, 64)));
      const half = isLying ? 6.5 : textWidth(name) / 2 + 3;
      if (middle - half < lastName) continue;
      lastName = middle + half;
      if (isLying) write(context, name, area.left - 7, middle, theme.text, 'right');
      else write(context, name, middle, bottom + 12, theme.text, 'center');
    }
  };

  /** A bar between two places on the axis, with its number where it has room. */
  const bar = (item, at, begin, thick, from, to, hasValue) => {
    const { theme } = root;
    const { field, values } = item.series;
    const color = item.isByValue ? display(field, values[at], theme, item.series, item.low, item.high).color : item.color;
    const gap = isStacked ? 0 : Math.max(0.5, thick * (1 - barWidth) / 2);
    const low = Math.min(from, to);
    const high = Math.max(from, to);
    const length = Math.max(high - low, 1);
    const paint = alpha(color, (field.custom?.fillOpacity ?? 80) / 100);
    if (isLying) fillBox(context, paint, low, begin + gap, length, thick - gap * 2);
    else fillBox(context, paint, begin + gap, low, thick - gap * 2, length);
    const text = hasValue ? textAt(item, at) : '';
    const width = textWidth(text);
    if (!hasValue || (isStacked && length < (isLying ? width + 6 : 14))) return;
    const isInside = isStacked || (isLying ? high + 5 + width > surface.width : low < 13);
    const ink = isInside ? textOn(color, theme.background) : theme.text;
    const middle = begin + thick / 2;
    if (isLying) write(context, text, isInside ? high - 4 : high + 5, middle, ink, isInside ? 'right' : 'left');
    else write(context, text, middle, isInside ? low + 8 : to > from ? low + length + 8 : low - 7, ink, 'center');
  };

  const groupAt = (x, y) => {
    if (!area) return -1;
    const share = isLying ? (y - area.top) / area.height : (x - area.left) / area.width;
    return share >= 0 && share < 1 ? Math.floor(share * names.length) : -1;
  };

  const select = (group) => {
    if (group === current) return;
    current = group;
    draw();
  };
  const point = (group, x, y, pin = false) => {
    if (tooltip.isPinned && !pin) return;
    select(group);
    tooltip.at(canvas, x, y, (withLinks) => group < 0 || tipMode === 'none' ? null : {
      title: names[group],
      rows: sorted(shownItems().map((item) => ({ color: item.color, name: item.series.name, value: item.series.values[group], text: textAt(item, group) })), sort),
      links: withLinks ? all.flatMap(({ series }) => rowLinks(root, series.field, { series, frame: root.data.frame, row: group, value: series.values[group] })) : [],
    }, pin);
  };
  const leave = () => {
    tooltip.hide();
    if (!tooltip.isPinned) select(-1);
  };
  const listeners = {
    pointermove: ({ offsetX: x, offsetY: y }) => point(groupAt(x, y), x, y),
    pointerleave: leave,
    blur: leave,
    click: ({ offsetX: x, offsetY: y }) => point(groupAt(x, y), x, y, true),
    keydown(event) {
      const step = arrows[event.key];
      if (event.key === 'Escape') leave();
      if (!step || !area) return;
      event.preventDefault();
      const next = clamp(current + step, 0, names.length - 1);
      const middle = (next + 0.5) / names.length;
      point(next, area.left + area.width * (isLying ? 0.5 : middle), area.top + area.height * (isLying ? middle : 1 / 3));
    },
  };
  for (const [name, listener] of Object.entries(listeners)) canvas.addEventListener(name, listener);
  return { update, layout };
}
