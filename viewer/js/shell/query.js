// Asks what a panel asks: all of its range once, then only the tail; and finds out why there is nothing, where there is nothing.

import * as words from "../strings.js";
import { facts, get, hasMetric, hasValue, isAbort, query, queryLogs, queryRange } from "../api.js";
import { appendTail, readAnswers } from "../panels/data.js";
import { isRelative } from "../time.js";
import { targetsOf, whyNothing, whyOld } from "./reasons.js";
import { range } from "./timepicker.js";

/** What several panels of a board want to know at the same refresh: asked once, and only when one of them wants it. */
export const makeNews = () => {
  let spec = null;
  let signal = null;
  let lastNotes = null;
  const known = new Map();
  const once = (key, ask, otherwise) => {
    if (!known.has(key)) known.set(key, ask().catch(() => otherwise));
    return known.get(key);
  };
  const now = () => Math.floor(spec.to / 1000);
  return {
    begin: (nextSpec, nextSignal) => {
      [spec, signal] = [nextSpec, nextSignal];
      known.clear();
    },
    variables: () => spec.variables,
    /** Labels of the targets that do not answer now. */
    down: () => once("down", async () => (await query("up == 0", now(), signal)).result.map((each) => each.metric), []),
    hasMetric: (name, start, end) => once(`metric ${name}`, () => hasMetric(name, start, end, signal), true),
    /** Whether the metric has a value now: where it has, a line that ends says so and is not stale. */
    isFresh: (name) => once(`now ${name}`, () => hasValue(name, now(), signal), true),
    annotations: () => once("notes", async () => {
      lastNotes = await loadAnnotations(spec, lastNotes, signal);
      return lastNotes.spans;
    }, []),
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

const signatureOf = (panel) => JSON.stringify([panel.targets.map(({ ref, expr, step, instant, hidden }) => [ref, expr, step, instant, hidden]), panel.end - panel.start]);

const askPrometheus = (target, from, to, signal) => (target.instant ? query(target.expr, to, signal) : queryRange(target.expr, from, to, target.step, signal));
const askLoki = (target, from, to, signal) => queryLogs(target.expr, from, to, signal);

/** All of the range, or the tail where `before` has the rest. */
const loadSeries = async (panel, before, at, signal) => {
  const signature = signatureOf(panel);
  const same = before?.signature === signature ? before : null;
  const source = sourceOf(panel);
  const targets = targetsOf(panel, source);
  const moved = same ? panel.end - same.end : -1;
  const hasTail = moved >= 0 && moved < (panel.end - panel.start) / 2 && source === "prometheus" && targets.every((target) => !target.instant) && same.data.errors.length === 0;
  // The last points may have been asked for before their rules were evaluated: they come again.
  const tail = hasTail ? Math.max(panel.start, same.end - 2 * Math.max(...targets.map((target) => target.step))) : null;
  const ask = source === "loki" ? askLoki : askPrometheus;
  const askAll = (from) => Promise.all(targets.map((target) => settle(target, ask(target, from, panel.end, signal))));
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

const frameURL = ({ key }, board) => `/api/boards/${encodeURIComponent(board.spec().uid)}/panels/${encodeURIComponent(key)}/frame?${board.query()}`;

const loadFrame = async (panel, before, at, board, signal) => {
  const { body, error } = await settle(null, get(frameURL(panel, board), signal));
  const loaded = error && before?.data.frame ? before : { data: readAnswers(panel, [], { ...at, frame: body?.data ?? null }) };
  if (error) loaded.data.errors = [{ ref: "", message: error }];
  return loaded;
};

// What Loki says is drawn by panels of logs alone, and they draw nothing else.
const sourceOf = ({ type }) => (type === "logs" ? "loki" : "prometheus");
const misplaced = (panel) => panel.targets.filter(({ hidden, expr, source }) => !hidden && expr && (source ?? "prometheus") !== sourceOf(panel))
  .map(({ ref, source }) => words.otherSource(ref, words.sources[source] ?? source));

/** Why a panel is not even asked; null where it is. */
const whyUnasked = (panel, problems) => {
  if (["text", "row"].includes(panel.type) || !panel.supported) return null;
  const isAsked = panel.table ? !panel.noQuery : targetsOf(panel, sourceOf(panel)).length > 0;
  if (!isAsked) return [...(panel.problems ?? []), ...problems].join("\n") || words.asksNothing;
  return panel.type === "logs" && !facts.me.loki ? words.noLoki : null;
};

// Only these have a time axis for annotations to stand at.
const hasTimeAxis = ({ type }) => ["timeseries", "graph", "state-timeline", "status-history", "heatmap"].includes(type);

/** `{data, signature, end}` for the panel; `before` is what this returned last time, or null. */
export const loadPanel = async (panel, { before, board, signal }) => {
  const began = performance.now();
  const spec = board.spec();
  const { news } = board;
  const at = { from: panel.start * 1000, to: panel.end * 1000, start: panel.start, end: panel.end };
  const annotations = hasTimeAxis(panel) && spec.annotations.length > 0 ? news.annotations() : null;
  const problems = panel.table ? [] : misplaced(panel);
  const unasked = whyUnasked(panel, problems);

  const loaded = unasked || panel.noQuery ? { data: readAnswers(panel, [], at) }
    : panel.table ? await loadFrame(panel, before, at, board, signal) : await loadSeries(panel, before, at, signal);
  const { data } = loaded;
  if (annotations) data.annotations = await annotations;
  Object.assign(data, { problems, age: null, reason: unasked, took: Math.round(performance.now() - began) });
  if (unasked || panel.noQuery) return loaded;
  const isEmpty = panel.table ? !data.frame?.length : data.series.length + (data.logs?.length ?? 0) === 0;
  const age = ageOf(data.series, spec.to / 1000);
  if (age !== null) Object.assign(data, await whyOld(panel, data.series, age, news));
  else if (isEmpty && panel.type !== "logs" && data.errors.length === 0) data.reason = await whyNothing(panel, news);
  return loaded;
};
