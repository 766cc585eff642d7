// Asks what a panel asks: all of its range once, then only the tail; and finds out why there is nothing, where there is nothing.

import { strings } from "../strings.js";
import { get, hasMetric, query, queryRange } from "../api.js";
import { appendTail, readAnswers } from "../panels/data.js";
import { isRelative } from "../time.js";
import { range } from "./timepicker.js";

const words = strings.panel;

const isAbort = (error) => error.name === "AbortError";

/** What several panels of a board want to know at the same refresh: asked once, and only when one of them wants it. */
export const makeNews = () => {
  let spec = null;
  let signal = null;
  let down = null;
  let notes = null;
  let lastNotes = null;
  const known = new Map();
  return {
    begin: (nextSpec, nextSignal) => {
      [spec, signal, down, notes] = [nextSpec, nextSignal, null, null];
      known.clear();
    },
    /** Labels of the targets that do not answer now. */
    down: () => (down ??= query("up == 0", Math.floor(spec.to / 1000), signal).then(({ result }) => result.map((each) => each.metric), () => [])),
    hasMetric: (name, start, end) => {
      if (!known.has(name)) known.set(name, hasMetric(name, start, end, signal).catch(() => true));
      return known.get(name);
    },
    /** Whether the metric has a value now: where it has, a line that ends says so and is not stale. */
    isFresh: (name) => {
      const key = `now ${name}`;
      if (!known.has(key)) known.set(key, query(`count({__name__=${JSON.stringify(name)}})`, Math.floor(spec.to / 1000), signal).then(({ result }) => result.length > 0, () => true));
      return known.get(key);
    },
    annotations: async () => {
      notes ??= loadAnnotations(spec, lastNotes, signal).then((loaded) => (lastNotes = loaded));
      return (await notes).spans;
    },
  };
};

const fillTemplate = (template, labels) => (template ?? "").replace(/\{\{\s*([^}\s]+)\s*\}\}/g, (_, label) => labels[label] ?? "");

/** Moments, or spans where the expression held on, of all annotations that are switched on; `before` is what this returned last. */
const loadAnnotations = async (spec, before, signal) => {
  const wanted = spec.annotations.filter((each) => each.enabled && each.expr);
  const loaded = await Promise.all(wanted.map(async ({ expr, step }, at) => {
    const aligned = (time) => Math.floor(time / 1000 / step) * step;
    const panel = { targets: [{ ref: "A", expr, step, legend: "" }], start: aligned(spec.from), end: aligned(spec.to) };
    // What is not known is not marked: the picture itself does not suffer from it.
    return loadSeries(panel, before?.loaded[at] ?? null, { start: panel.start, end: panel.end }, signal).catch(() => null);
  }));
  const spans = wanted.flatMap(({ step, color, title, text, name }, at) => (loaded[at]?.data.series ?? []).flatMap(({ labels, times, values }) => {
    const found = [];
    times.forEach((seconds, index) => {
      if (Number.isNaN(values[index])) return;
      const time = seconds * 1000;
      const last = found.at(-1);
      if (last && time - last.timeEnd <= step * 1500) last.timeEnd = time;
      else found.push({ time, timeEnd: time, color, name, title: fillTemplate(title, labels) || name, text: fillTemplate(text, labels) });
    });
    return found;
  }));
  return { loaded, spans: spans.sort((a, b) => a.time - b.time).slice(-200) };
};

const keywords = new Set("and or unless by without on ignoring group_left group_right bool offset inf nan start end atan2".split(" "));

/** Names of the metrics in an expression; good enough to tell why an answer is empty. */
export const metricsIn = (expr) => {
  const bare = expr.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '""').replace(/\{[^}]*\}/g, " ").replace(/\[[^\]]*\]/g, " ")
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ");
  const names = [...bare.matchAll(/\b[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)].map(([name]) => name);
  return [...new Set(names.filter((name) => !keywords.has(name.toLowerCase()) && !new RegExp(`\\b${name}\\s*\\(`).test(bare)))];
};

const matchersIn = (expr) => Object.fromEntries([...expr.matchAll(/\b(job|instance|node|vm_id)="([^"]+)"/g)].map(([, name, value]) => [name, value]));

const isOf = (target, labels) => {
  const names = ["job", "instance", "node", "vm_id"].filter((name) => labels[name] !== undefined && labels[name] !== "");
  return names.length > 0 && names.every((name) => target[name] === labels[name]);
};

const downTarget = async (labels, news) => {
  const down = (await news.down()).find((target) => labels.some((each) => isOf(target, each)));
  return down ? words.noTarget(words.target(down.job ?? "", down.instance ?? "")) : null;
};

/** `{age, reason}` of lines that end before the present: only where that is for want of data, and not what the query says. */
const whyOld = async (panel, series, age, news) => {
  const reason = await downTarget(series.map((each) => each.labels), news);
  if (reason) return { age, reason };
  const names = [...new Set(panel.targets.filter((target) => !target.hidden).flatMap((target) => metricsIn(target.expr)))].slice(0, 4);
  const fresh = await Promise.all(names.map((name) => news.isFresh(name)));
  return fresh.every(Boolean) ? { age: null, reason: null } : { age, reason: words.noLonger(names[fresh.indexOf(false)]) };
};

const whyNothing = async (panel, news) => {
  const targets = panel.targets.filter((target) => !target.hidden);
  const down = await downTarget(targets.map((target) => matchersIn(target.expr)), news);
  if (down) return down;
  for (const target of targets) {
    for (const name of metricsIn(target.expr).slice(0, 3)) {
      if (!(await news.hasMetric(name, panel.start, panel.end))) return words.noMetric(name);
    }
  }
  // Where the board itself says what emptiness means, that is the better word.
  if (panel.defaults?.noValue) return null;
  const first = targets[0] ? metricsIn(targets[0].expr)[0] : null;
  return first && targets.length === 1 && /^[^(]*\{|^[\w:]+$/.test(targets[0].expr) ? words.noSeries(first) : words.noData;
};

/** Seconds since the newest value, where the picture should reach the present and does not. */
const ageOf = (series, now) => {
  const drawn = series.filter((each) => !each.instant && each.step > 0);
  if (drawn.length === 0 || !isRelative(range().to)) return null;
  let newest = -Infinity;
  for (const { times, values } of drawn) {
    let at = values.length - 1;
    while (at >= 0 && Number.isNaN(values[at])) at -= 1;
    if (at >= 0) newest = Math.max(newest, times[at]);
  }
  const age = now - newest;
  return Number.isFinite(newest) && age > Math.max(120, 2.5 * drawn[0].step) ? age : null;
};

const settle = async (target, promise) => {
  try {
    return { target, body: { status: "success", data: await promise } };
  } catch (error) {
    if (isAbort(error) || error.offline) throw error;
    return { target, error: error.message };
  }
};

const loki = (target, panel, signal) => get(`/api/loki/loki/api/v1/query_range?${new URLSearchParams({
  query: target.expr, start: `${panel.start}000000000`, end: `${panel.end}000000000`, limit: "500", direction: "backward",
})}`, signal).then((answer) => answer.data);

const signatureOf = (panel) => JSON.stringify([panel.targets.map(({ ref, expr, step, instant, hidden }) => [ref, expr, step, instant, hidden]), panel.end - panel.start]);

/** All of the range, or the tail where `before` has the rest. `ask(target, panel, signal)` asks another than Prometheus, for all of it. */
const loadSeries = async (panel, before, at, signal, ask = null) => {
  const signature = signatureOf(panel);
  const same = before?.signature === signature ? before : null;
  const targets = panel.targets.filter((target) => !target.hidden);
  const moved = same ? panel.end - same.end : -1;
  const tail = moved >= 0 && moved < (panel.end - panel.start) / 2 && !ask && targets.every((target) => !target.instant) && same.data.errors.length === 0
    // The last points may have been asked for before their rules were evaluated: they come again.
    ? Math.max(panel.start, same.end - 2 * Math.max(...targets.map((target) => target.step))) : null;
  const askAll = (from) => Promise.all(targets.map((target) => settle(target, ask ? ask(target, panel, signal)
    : target.instant ? query(target.expr, panel.end, signal) : queryRange(target.expr, from, panel.end, target.step, signal))));
  let answers = await askAll(tail ?? panel.start);
  if (same && answers.length > 0 && answers.every((answer) => answer.error)) {
    // What was shown before stays, with the reason why there is nothing newer.
    same.data.errors = answers.map(({ target, error }) => ({ ref: target.ref, message: error }));
    return same;
  }
  if (tail !== null) {
    if (appendTail(same.data, panel, answers, { ...at, tail })) return { data: same.data, signature, end: panel.end };
    answers = await askAll(panel.start);
  }
  return { data: readAnswers(panel, answers, at), signature, end: panel.end };
};

/** `{data, signature, end}` for the panel; `before` is what this returned last time, or null. */
export const loadPanel = async (panel, { before, board, signal }) => {
  const began = performance.now();
  const spec = board.spec();
  const { news } = board;
  const isLogs = panel.type === "logs";
  const isDrawn = ["timeseries", "graph", "state-timeline", "status-history", "heatmap"].includes(panel.type);
  const at = { from: panel.start * 1000, to: panel.end * 1000, start: panel.start, end: panel.end };
  const annotations = isDrawn && spec.annotations.length > 0 ? news.annotations() : null;

  let loaded = null;
  if (panel.noQuery) {
    loaded = { data: readAnswers(panel, [], at) };
  } else if (isLogs && !board.context.me().loki) {
    loaded = { data: readAnswers(panel, [], { ...at, reason: words.noLoki }) };
  } else if (panel.table) {
    const frame = await settle(null, get(`/api/boards/${encodeURIComponent(spec.uid)}/panels/${encodeURIComponent(panel.key)}/frame?${board.query()}`, signal));
    loaded = frame.error && before?.data.frame ? before : { data: readAnswers(panel, [], { ...at, frame: frame.body?.data ?? null }) };
    if (frame.error) loaded.data.errors = [{ ref: "", message: frame.error }];
  } else {
    loaded = await loadSeries(panel, before, at, signal, isLogs ? loki : null);
  }
  const { data } = loaded;
  if (annotations) data.annotations = await annotations;
  data.took = Math.round(performance.now() - began);
  const isEmpty = panel.table ? (data.frame?.length ?? 0) === 0 : data.series.length === 0 && (data.logs?.length ?? 0) === 0;
  if (!isLogs) [data.age, data.reason] = [null, null];
  const age = ageOf(data.series, spec.to / 1000);
  if (age !== null) Object.assign(data, await whyOld(panel, data.series, age, news));
  else if (isEmpty && !isLogs && !panel.noQuery && data.errors.length === 0) data.reason = await whyNothing(panel, news);
  return loaded;
};
