// State timeline and status history: a row a series, a coloured stretch for as long as a state lasted.

import { alpha, mix, steps, textOn } from '../draw/colors.js';
import { clipped, fillBox, fitted, font, keepRows, make, setText, widestOf, write } from '../draw/canvas.js';
import { axisHeight } from '../draw/plot.js';
import { leapOf, lowerBound } from '../draw/timeseries.js';
import { formatText, textOf } from '../draw/units.js';
import { makeChart } from './chart.js';
import { rowLinks } from './links.js';
import { display, mapped, mappedWords } from './values.js';

const label = font(12);

/** `< 80%`, `80% – 95%`, `≥ 95%`: between which thresholds a value lies. */
function rangeText(field, value, list) {
  const write = (number) => formatText(number, field.unit, field.decimals);
  if (list.length < 2) return write(value === -Infinity ? 0 : value);
  const at = list.findLastIndex((step) => value >= step.value);
  if (at < 1) return `< ${write(list[1].value)}`;
  return at + 1 < list.length ? `${write(list[at].value)} – ${write(list[at + 1].value)}` : `≥ ${write(list[at].value)}`;
}

export function drawTimeline(root) {
  const { options, words, context: { format }, panel, body } = root;
  const { mergeValues, rowHeight = 0.9, showValue = 'auto', alignValue: align = 'left' } = options;
  const { mode: tipMode } = options.tooltip ?? {};
  const merges = panel.type !== 'status-history' && mergeValues !== false;
  const legend = make('div', 'draw-legend list words');
  const entries = [];
  let rows = null;
  let step = Infinity;
  let rowSpace = 15;
  let nameWidth = 0;
  let states = new Map();
  let lastTheme = null;

  const isByThresholds = (field) => (field.color?.mode ?? 'thresholds') === 'thresholds';
  const stepsOf = (field) => steps(field.thresholds, root.theme, field.min ?? 0, field.max ?? 100);

  const update = (data) => {
    chart.begin(data);
    if (lastTheme !== root.theme || states.size > 500) states = new Map();
    lastTheme = root.theme;
    rows = data.series.filter((series) => series.field.custom?.hideFrom?.viz !== true);
    step = rows.reduce((least, series) => series.step > 0 ? Math.min(least, series.step * 1000) : least, Infinity);
    root.say(data, rows.length > 0);
    fillLegend();
    layout();
    chart.tell(rows.length, () => rows.slice(0, 6).map((series) => {
      const last = series.values.findLast((value) => value === value);
      return `${series.name}: ${last === undefined ? words.noData : stateOf(series, last).text}`;
    }));
  };

  /** How a value is called and coloured; equal answers are the same object, so that neighbours can be merged. */
  const stateOf = (series, value) => {
    const { field } = series;
    let known = states.get(field);
    if (!known) states.set(field, known = { byValue: new Map(), byLook: new Map() });
    let state = known.byValue.get(value);
    if (state) return state;
    if (known.byValue.size > 2000) known.byValue.clear();
    const shown = display(field, value, root.theme, series);
    // Values between the same two thresholds are one state, and are called by the thresholds.
    const isRange = !shown.mapped && merges && isByThresholds(field) && field.thresholds?.steps?.length > 1;
    const text = isRange ? rangeText(field, value, stepsOf(field)) : textOf(shown);
    const look = `${shown.color} ${text}`;
    state = known.byLook.get(look) ?? { text, color: shown.color };
    known.byLook.set(look, state);
    known.byValue.set(value, state);
    return state;
  };

  const fillLegend = () => {
    const field = rows[0]?.field;
    let known = [];
    if (field && options.legend?.showLegend !== false && options.legend?.displayMode !== 'hidden') {
      known = mappedWords(field, root.theme);
      if (known.length === 0 && isByThresholds(field)) known = stepsOf(field).map(({ color, value }, at, list) => ({ color, text: rangeText(field, value, list) }));
    }
    keepRows(entries, Math.min(known.length, 12), () => {
      const element = make('span', 'draw-legend-row', make('i'), make('span', 'name'));
      legend.append(element);
      return { element };
    });
    for (const [at, { element }] of entries.entries()) {
      element.firstChild.style.background = known[at].color;
      setText(element.lastChild, known[at].text);
    }
  };

  const layout = () => {
    if (!rows) return;
    legend.hidden = entries.length === 0 || root.room < 90;
    const height = root.room - (legend.hidden ? 0 : legend.offsetHeight || 24);
    chart.host.style.height = `${height}px`;
    const space = (height - axisHeight - 6) / Math.max(1, rows.length);
    // Below a dozen pixels nobody reads a row: then the panel scrolls.
    rowSpace = Math.max(15, Math.min(space, 64));
    const wanted = Math.max(height, Math.ceil(rowSpace * rows.length + axisHeight + 6));
    const isScrolled = wanted > height + 1;
    chart.host.classList.toggle('needed', isScrolled);
    nameWidth = Math.min(root.width * 0.34, widestOf(rows.map((series) => series.name), label) + 14);
    chart.place(root.width - (isScrolled ? 11 : 0), wanted, nameWidth, 10, 4, isScrolled || space <= 64 ? axisHeight + 2 : height - rowSpace * rows.length - 4);
  };

  const paint = (context, area) => {
    plot.drawTimeAxis();
    const thick = Math.max(8, rowSpace * Math.min(1, rowHeight));
    for (const [at, series] of rows.entries()) {
      const top = area.top + at * rowSpace + (rowSpace - thick) / 2;
      write(context, fitted(series.name, nameWidth - 12, label), area.left - 8, top + thick / 2, root.theme.text, 'right', label);
      clipped(context, area.left, top - 1, area.width, thick + 2, () => {
        for (const stretch of stretches(series)) drawStretch(context, area, series.field, stretch, Math.round(top), Math.round(thick));
      });
    }
  };

  /** What is to be seen of a series as `[{state, begin, end}]`, in seconds. */
  const stretches = (series) => {
    const { times, values, field } = series;
    const stepHere = series.step || (times.length > 1 ? (times[times.length - 1] - times[0]) / (times.length - 1) : (plot.to - plot.from) / 1000);
    const leap = leapOf(field.custom?.spanNulls);
    const { text, color } = mapped(field, null) ?? {};
    const found = [];
    let last = null;
    for (let at = Math.max(0, lowerBound(times, plot.from / 1000) - 1); at < values.length && times[at] * 1000 <= plot.to; at++) {
      const isGap = values[at] !== values[at];
      if (isGap && !(text && color)) {
        if (leap === 0) last = null;
        continue;
      }
      const state = stateOf(series, isGap ? null : values[at]);
      const time = times[at];
      const end = Math.min(time + stepHere, plot.to / 1000 + stepHere);
      if (last && last.state === state && merges && time - last.end <= Math.max(leap, stepHere * 0.5)) last.end = end;
      else {
        if (last && time - last.end <= leap) last.end = time;
        found.push(last = { state, begin: time, end });
      }
    }
    return found;
  };

  const drawStretch = (context, area, field, { state, begin, end }, top, thick) => {
    const { fillOpacity = 70, lineWidth: border = 0 } = field.custom ?? {};
    const left = Math.max(area.left - 2, plot.xOf(begin * 1000));
    const right = Math.min(area.left + area.width + 2, plot.xOf(end * 1000));
    const width = Math.max(1, right - left);
    // A pixel of air between neighbours of one row keeps short states apart.
    fillBox(context, alpha(state.color, fillOpacity / 100), left, top, width > 3 ? width - 1 : width, thick);
    if (border > 0) {
      context.strokeStyle = state.color;
      context.lineWidth = border;
      context.strokeRect(left + border / 2, top + border / 2, width - border, thick - border);
    }
    if (showValue === 'never' || thick < 13) return;
    const from = Math.max(left, area.left);
    const room = Math.min(right, area.left + area.width) - from - 10;
    const text = fitted(state.text, room);
    if (text === '' || (showValue === 'auto' && text !== state.text)) return;
    const x = { center: from + room / 2 + 5, right: from + room + 5 }[align] ?? from + 6;
    write(context, text, x, top + thick / 2 + 0.5, textOn(mix(state.color, root.theme.background, 1 - fillOpacity / 100), root.theme.background), align);
  };

  const find = (time, x, y, withLinks) => {
    if (tipMode === 'none') return null;
    const lines = [];
    const pointed = Math.floor((y - plot.area.top) / rowSpace);
    let links = [];
    for (const [at, series] of rows.entries()) {
      if (tipMode !== 'multi' && at !== pointed) continue;
      const { times, values, name, field } = series;
      const index = lowerBound(times, time / 1000 + 1e-6) - 1;
      const value = index >= 0 && time / 1000 - times[index] <= (series.step || Infinity) ? values[index] : NaN;
      if (value !== value) {
        lines.push({ color: 'transparent', name, text: words.noData });
        continue;
      }
      lines.push({ color: stateOf(series, value).color, name, text: textOf(display(field, value, root.theme, series)), strong: tipMode === 'multi' && at === pointed });
      if (at !== pointed) continue;
      lines.push({ color: 'transparent', name: words.lasted, text: formatText(lastedFor(series, index), 's') });
      if (withLinks) links = rowLinks(root, field, { series, value, time });
    }
    return lines.length > 0 ? { title: format.dateTime(time), rows: lines, links } : null;
  };

  /** For how many seconds the state at an index holds in all. */
  const lastedFor = (series, at) => {
    const { times, values } = series;
    const state = stateOf(series, values[at]);
    const isSame = (index) => values[index] === values[index] && stateOf(series, values[index]) === state;
    let [begin, end] = [at, at];
    while (begin > 0 && isSame(begin - 1)) begin--;
    while (end < values.length - 1 && isSame(end + 1)) end++;
    return times[end] + (series.step || 0) - times[begin];
  };

  const chart = makeChart(root, { paint, find, step: () => Number.isFinite(step) ? step : 0 });
  const { plot } = chart;
  body.append(legend);
  return { update, layout, crosshair: chart.crosshair, destroy: chart.destroy };
}
