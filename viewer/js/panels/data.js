// Prometheus' answers become series: each on the grid of its query's step, NaN where Prometheus has nothing. A refresh
// that asked for the tail only moves the arrays along instead of making new ones.

import { asField, displayName, fieldOf } from './fields.js';
import { reduce } from './reduce.js';
import { numberOf } from './values.js';

/**
 * `answers` is `[{target, body, error}]`: a target of the panel with Prometheus' JSON, or with the words of an error.
 * `range` is `{from, to, start, end, frame, age, reason, annotations}`, from and to in milliseconds, start and end in
 * seconds, aligned; without them the panel's own.
 */
export function readAnswers(panel, answers, range = {}) {
  const data = { series: [], errors: [], frame: null, logs: [], annotations: [] };
  describe(data, panel, range);
  for (const { target, body, error } of answers) {
    if (target.hidden) continue;
    const message = error ?? (body?.status === 'error' ? body.error ?? 'error' : null);
    if (message !== null) data.errors.push({ ref: target.ref, message: String(message) });
    else if (body?.data?.result) {
      const list = seriesIn(target, body.data, range.start ?? panel.start, range.end ?? panel.end, data);
      nameAll(list, target);
      data.series.push(...list);
    }
  }
  finish(panel, data, 0);
  if (data.frame) readFrame(panel, data);
  return data;
}

function describe(data, panel, range) {
  data.from = range.from ?? panel.start * 1000;
  data.to = range.to ?? panel.end * 1000;
  if (range.frame !== undefined) data.frame = range.frame;
  data.age = range.age ?? null;
  data.reason = range.reason ?? null;
  if (range.annotations) data.annotations = range.annotations;
  for (const problem of data.frame?.problems ?? []) data.errors.push(problem);
}

/** The times from `start` to `end`, in the array of an earlier grid that is as long. */
function gridOf(start, end, step, earlier) {
  const length = Math.max(1, Math.min(20000, Math.floor((end - start) / step + 1e-6) + 1));
  const times = earlier?.length === length ? earlier : new Float64Array(length);
  for (let at = 0; at < length; at++) times[at] = start + at * step;
  return times;
}

const nowhere = (length) => new Float64Array(length).fill(NaN);
const keyOf = (ref, metric) => ref + JSON.stringify(metric);

function seriesIn({ ref, instant, step: asked }, { resultType, result }, start, end, data) {
  const made = (labels, times, values, step) => ({ ref, labels, key: keyOf(ref, labels), times, values, step, instant: step === 0 });
  const single = (labels, [time, value]) => made(labels, Float64Array.of(time), Float64Array.of(numberOf(value)), 0);
  switch (resultType) {
    case 'streams': return readStreams(result, data);
    case 'scalar':
    case 'string': return [single({}, result)];
    case 'vector': return result.filter(({ value }) => value).map(({ metric, value }) => single(metric, value));
  }
  const grid = instant ? null : gridOf(start, end, asked);
  return result.filter(({ values }) => values).map(({ metric, values: samples }) => {
    const step = instant ? asked || 60 : asked;
    const times = grid ?? gridOf(samples[0][0], samples[samples.length - 1][0], step);
    const values = nowhere(times.length);
    write(values, times[0], step, samples);
    return made(metric, times, values, step);
  });
}

function write(values, start, step, samples) {
  for (const sample of samples) {
    const at = Math.round((sample[0] - start) / step);
    if (at >= 0 && at < values.length) values[at] = numberOf(sample[1]);
  }
}

function readStreams(result, data) {
  for (const { stream, values } of result) {
    const level = stream.detected_level ?? stream.level ?? stream.severity ?? stream.priority ?? '';
    // Nanoseconds do not fit into a number: the text is cut instead.
    for (const [time, line] of values) data.logs.push({ time: Number(time.slice(0, -6)), order: time, line, labels: stream, level });
  }
  return [];
}

/** `{{label}}` filled in; where that says nothing the labels that tell the series apart, else the expression. */
function nameAll(list, { legend, expr, ref }, among = list) {
  const template = legend && legend !== '__auto' ? legend : '';
  let telling;
  for (const series of list) {
    const { labels } = series;
    const filled = template.replace(/\{\{\s*([^}\s]+)\s*\}\}/g, (whole, label) => labels[label] ?? '');
    series.name = filled.trim() ? filled : labelText(labels, telling ??= tellingLabels(among)) || expr || labels.__name__ || ref;
  }
}

// Names of series are read: past so many labels nobody does.
const mostLabels = 20;

/** The labels that are not the same in all series; all there are where none is. */
function tellingLabels(list) {
  const all = [...new Set(list.flatMap(({ labels }) => Object.keys(labels)))].sort();
  const first = list[0]?.labels;
  const differing = all.filter((label) => list.some(({ labels }) => labels[label] !== first[label]));
  const others = all.filter((label) => label !== '__name__');
  return (differing.length > 0 ? differing : others.length > 0 ? others : all).slice(0, mostLabels);
}

function labelText(labels, wanted) {
  if (wanted.length === 1) return labels[wanted[0]] ?? '';
  const name = wanted.includes('__name__') ? labels.__name__ ?? '' : '';
  const rest = wanted.filter((label) => label !== '__name__' && labels[label] !== undefined).map((label) => `${label}="${labels[label]}"`).join(', ');
  return rest ? `${name}{${rest}}` : name;
}

/** Gives the series from `first` on their fields, and all of them their places. */
function finish(panel, data, first) {
  for (const [at, series] of data.series.entries()) {
    if (at >= first) settle(panel, series);
    series.index = at;
  }
}

function settle(panel, series) {
  series.field = fieldOf(panel, series);
  series.name = displayName(series);
}

/** A table's number columns become series of a panel that draws series; its rows' other columns become their labels. */
function readFrame(panel, data) {
  const { fields, length } = data.frame;
  if (panel.type === 'table' || panel.type === 'barchart') return;
  const time = fields.find((field) => field.type === 'time');
  const own = Float64Array.from({ length }, (_, at) => time ? time.values[at] / 1000 : data.to / 1000);
  const { times, step } = time ? regular(own) : { times: own, step: 0 };
  for (const { type, name, ref = 'A', labels = {}, config, values: column } of fields) {
    if (type !== 'number') continue;
    const values = nowhere(times.length);
    for (const [at, value] of column.entries()) values[step > 0 ? Math.round((own[at] - times[0]) / step) : at] = numberOf(value) ?? NaN;
    const series = { ref, labels, key: keyOf(name, labels), name, times, values, step, instant: !time, index: data.series.length, field: asField(config) };
    series.name = displayName(series);
    data.series.push(series);
  }
}

/** Times of rows on their grid, so that rows which are missing are gaps; as they are when they lie on none. */
function regular(times) {
  const [first, last] = [times[0], times[times.length - 1]];
  let step = Infinity;
  for (let at = 1; at < times.length; at++) if (times[at] > times[at - 1]) step = Math.min(step, times[at] - times[at - 1]);
  const isOnGrid = times.every((time) => Math.abs((time - first) / step - Math.round((time - first) / step)) < 1e-3);
  if (times.length < 2 || !isOnGrid || (last - first) / step > 20000) return { times, step: 0 };
  return { times: gridOf(first, last, step), step };
}

/**
 * Moves `data` on to the range `start`..`end` (seconds, whole steps on) with answers that begin at or after the old
 * start and reach `end`. Changes the series in place; says false when that cannot be done and all must be asked again.
 */
export function appendTail(data, panel, answers, range) {
  if (data.frame || data.logs.length > 0) return false;
  const shown = answers.filter(({ target }) => !target.hidden);
  for (const { target, body, error } of shown) {
    const known = data.series.find((series) => series.ref === target.ref);
    if (error || body?.status === 'error' || body?.data?.resultType !== 'matrix' || target.instant || (known && known.step !== target.step)) return false;
    const shift = known ? (range.start - known.times[0]) / target.step : 0;
    if (shift < 0 || Math.abs(shift - Math.round(shift)) > 1e-6) return false;
  }
  data.errors.length = 0;
  for (const { target, body } of shown) moveOn(data, panel, target, body.data.result, range);
  const asked = new Set(shown.map(({ target }) => target.ref));
  data.series = data.series.filter(({ ref, instant, values }) => !asked.has(ref) || instant || reduce(values, 'lastNotNull') !== null);
  finish(panel, data, data.series.length);
  describe(data, panel, range);
  return true;
}

function moveOn(data, panel, target, result, { start, end, tail = end }) {
  const { ref, step } = target;
  const old = data.series.filter((series) => series.ref === ref);
  const shift = old.length > 0 ? Math.round((start - old[0].times[0]) / step) : 0;
  const first = Math.max(0, Math.round((tail - start) / step));
  const times = gridOf(start, end, step, old[0]?.times);
  const { length } = times;
  for (const series of old) {
    if (series.values.length === length) series.values.copyWithin(0, Math.min(shift, length));
    else {
      const values = nowhere(length);
      values.set(series.values.subarray(shift).subarray(0, length));
      series.values = values;
    }
    series.values.fill(NaN, Math.max(0, Math.min(first, length - shift)));
    series.times = times;
  }
  const byKey = new Map(old.map((series) => [series.key, series]));
  const added = [];
  for (const { metric, values: samples } of result) {
    if (!samples) continue;
    const key = keyOf(ref, metric);
    let series = byKey.get(key);
    if (!series) added.push(series = { ref, labels: metric, key, times, values: nowhere(length), step, instant: false });
    write(series.values, start, step, samples);
  }
  nameAll(added, target, [...old, ...added]);
  for (const series of added) settle(panel, series);
  data.series.push(...added);
}
