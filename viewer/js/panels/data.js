// Prometheus' answers become series: each on the grid of its query's step, NaN where Prometheus has nothing. A refresh
// that asked for the tail only moves the arrays along instead of making new ones.

import { asField, displayName, fieldOf } from './fields.js';
import { numberOf } from './values.js';

/**
 * `answers` is `[{target, body, error}]`: a target of the panel with Prometheus' JSON, or with the words of an error.
 * `range` is `{from, to, start, end, frame, age, reason, annotations}`, from and to in milliseconds, start and end in
 * seconds, aligned; without them the panel's own.
 */
export function readAnswers(panel, answers, range = {}) {
  const data = { series: [], errors: [], frame: null, logs: [], annotations: [] };
  describe(data, panel, range);
  for (const answer of answers) {
    if (!answerOf(data, answer)) continue;
    const start = range.start ?? panel.start;
    const end = range.end ?? panel.end;
    const grid = answer.target.instant ? null : gridOf(start, end, answer.target.step);
    const list = seriesIn(answer, grid, data);
    nameAll(list, answer.target);
    data.series.push(...list);
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

function answerOf(data, { target, body, error }) {
  if (target.hidden) return false;
  const message = error ?? (body?.status === 'error' ? body.error ?? 'error' : null);
  if (message !== null && message !== undefined) data.errors.push({ ref: target.ref, message: String(message) });
  return Boolean(body?.data?.result) && !message;
}

function gridOf(start, end, step) {
  const length = Math.max(1, Math.min(20000, Math.floor((end - start) / step + 1e-6) + 1));
  const times = new Float64Array(length);
  for (let at = 0; at < length; at++) times[at] = start + at * step;
  return { start, step, length, times };
}

const keyOf = (ref, metric) => ref + JSON.stringify(metric);

function seriesIn({ target, body }, grid, data) {
  const { resultType, result } = body.data;
  if (resultType === 'streams') {
    readStreams(result, data);
    return [];
  }
  if (resultType === 'scalar' || resultType === 'string') return [single(target, {}, result)];
  if (resultType === 'vector') return result.filter((entry) => entry.value).map((entry) => single(target, entry.metric, entry.value));
  return result.filter((entry) => entry.values).map((entry) => {
    const own = grid ?? gridOf(entry.values[0][0], entry.values[entry.values.length - 1][0], target.step || 60);
    const values = new Float64Array(own.length).fill(NaN);
    write(values, own.start, own.step, entry.values);
    return { ref: target.ref, labels: entry.metric, key: keyOf(target.ref, entry.metric), times: own.times, values, step: own.step, instant: false };
  });
}

function single(target, metric, [time, value]) {
  return { ref: target.ref, labels: metric, key: keyOf(target.ref, metric), times: Float64Array.of(time), values: Float64Array.of(numberOf(value)), step: 0, instant: true };
}

function write(values, start, step, samples) {
  for (const sample of samples) {
    const at = Math.round((sample[0] - start) / step);
    if (at < 0 || at >= values.length) continue;
    const text = sample[1];
    values[at] = text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
  }
}

function readStreams(result, data) {
  for (const { stream, values } of result) {
    const level = stream.detected_level ?? stream.level ?? stream.severity ?? stream.priority ?? '';
    // Nanoseconds do not fit into a number: the text is cut instead.
    for (const [time, line] of values) data.logs.push({ time: Number(time.slice(0, -6)), order: time, line, labels: stream, level });
  }
}

/** `{{label}}` filled in; without a template the labels that tell the series apart, else the expression. */
export function nameAll(list, target, among = list) {
  const template = target.legend && target.legend !== '__auto' ? target.legend : null;
  const differing = template ? null : differingLabels(among);
  for (const series of list) {
    if (template) series.name = template.replace(/\{\{\s*([^}\s]+)\s*\}\}/g, (whole, label) => series.labels[label] ?? '');
    else series.name = labelText(series.labels, differing) || target.expr || series.labels.__name__ || target.ref;
  }
}

function differingLabels(list) {
  const labels = new Set(list.flatMap((series) => Object.keys(series.labels)));
  const differing = [...labels].filter((label) => list.some((series) => series.labels[label] !== list[0].labels[label]));
  if (differing.length > 0) return differing.sort();
  const all = [...labels].filter((label) => label !== '__name__').sort();
  return all.length > 0 ? all : [...labels];
}

function labelText(labels, wanted) {
  const present = wanted.filter((label) => labels[label] !== undefined);
  if (wanted.length === 1) return labels[wanted[0]] ?? '';
  const name = present.includes('__name__') ? labels.__name__ : '';
  const rest = present.filter((label) => label !== '__name__').map((label) => `${label}="${labels[label]}"`).join(', ');
  return rest ? `${name}{${rest}}` : name;
}

/** Gives the series from `first` on their fields, and all of them their places. */
function finish(panel, data, first) {
  for (let at = 0; at < data.series.length; at++) {
    const series = data.series[at];
    if (at >= first) {
      series.field = fieldOf(panel, series);
      series.name = displayName(series);
    }
    series.index = at;
  }
}

/** A table's number columns become series of a panel that draws series; its rows' other columns become their labels. */
function readFrame(panel, data) {
  const { fields, length } = data.frame;
  if (panel.type === 'table' || panel.type === 'barchart') return;
  const time = fields.find((field) => field.type === 'time');
  const own = Float64Array.from({ length }, (_, at) => time ? time.values[at] / 1000 : data.to / 1000);
  const { times, step } = time ? regular(own) : { times: own, step: 0 };
  for (const column of fields) {
    if (column.type !== 'number') continue;
    const values = new Float64Array(times.length).fill(NaN);
    for (let at = 0; at < length; at++) values[step > 0 ? Math.round((own[at] - times[0]) / step) : at] = numberOf(column.values[at]) ?? NaN;
    const labels = column.labels ?? {};
    const series = { ref: column.ref ?? 'A', labels, key: keyOf(column.name, labels), name: column.name, times, values, step, instant: !time, index: data.series.length };
    series.field = asField(column.config);
    series.name = displayName(series);
    data.series.push(series);
  }
}

/** Times of rows on their grid, so that rows which are missing are gaps; as they are when they lie on none. */
function regular(times) {
  let step = Infinity;
  for (let at = 1; at < times.length; at++) if (times[at] > times[at - 1]) step = Math.min(step, times[at] - times[at - 1]);
  const onGrid = times.every((time) => Math.abs((time - times[0]) / step - Math.round((time - times[0]) / step)) < 1e-3);
  if (times.length < 2 || !onGrid || (times[times.length - 1] - times[0]) / step > 20000) return { times, step: 0 };
  return { times: gridOf(times[0], times[times.length - 1], step).times, step };
}

/**
 * Moves `data` on to the range `start`..`end` (seconds, whole steps on) with answers that begin at or after the old
 * start and reach `end`. Changes the series in place; says false when that cannot be done and all must be asked again.
 */
export function appendTail(data, panel, answers, range) {
  if (data.frame || data.logs.length > 0) return false;
  for (const { target, body, error } of answers) {
    if (target.hidden) continue;
    const known = data.series.find((series) => series.ref === target.ref);
    if (error || body?.status === 'error' || body?.data?.resultType !== 'matrix' || target.instant || (known && known.step !== target.step)) return false;
    const shift = known ? (range.start - known.times[0]) / target.step : 0;
    if (shift < 0 || Math.abs(shift - Math.round(shift)) > 1e-6) return false;
  }
  data.errors.length = 0;
  const asked = new Set(answers.map((answer) => answer.target.ref));
  for (const answer of answers) if (!answer.target.hidden) moveOn(data, panel, answer, range);
  data.series = data.series.filter((series) => !asked.has(series.ref) || series.instant || hasValue(series.values));
  finish(panel, data, data.series.length);
  describe(data, panel, range);
  return true;
}

function hasValue(values) {
  for (let at = values.length - 1; at >= 0; at--) if (values[at] === values[at]) return true;
  return false;
}

function moveOn(data, panel, { target, body }, { start, end, tail }) {
  const old = data.series.filter((series) => series.ref === target.ref);
  const length = Math.floor((end - start) / target.step + 1e-6) + 1;
  const times = old[0]?.times.length === length ? old[0].times : gridOf(start, end, target.step).times;
  const shift = old.length ? Math.round((start - old[0].times[0]) / target.step) : 0;
  const first = Math.max(0, Math.round(((tail ?? end) - start) / target.step));
  for (const series of old) {
    if (series.values.length === length) {
      if (shift > 0) series.values.copyWithin(0, Math.min(shift, length));
    } else {
      const values = new Float64Array(length).fill(NaN);
      values.set(series.values.subarray(Math.min(shift, series.values.length)).subarray(0, length));
      series.values = values;
    }
    series.values.fill(NaN, Math.max(0, Math.min(first, length - Math.max(shift, 0))));
    series.times = times;
  }
  for (let at = 0; at < length; at++) times[at] = start + at * target.step;
  const added = [];
  for (const entry of body.data.result) {
    if (!entry.values) continue;
    const key = keyOf(target.ref, entry.metric);
    let series = old.find((candidate) => candidate.key === key);
    if (!series) {
      series = { ref: target.ref, labels: entry.metric, key, times, values: new Float64Array(length).fill(NaN), step: target.step, instant: false };
      added.push(series);
    }
    write(series.values, start, target.step, entry.values);
  }
  if (added.length === 0) return;
  nameAll(added, target, [...old, ...added]);
  for (const series of added) {
    series.field = fieldOf(panel, series);
    series.name = displayName(series);
  }
  data.series.push(...added);
}
