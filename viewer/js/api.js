// Every request of the page goes through here: equal requests in flight are one, and the page hears when the server is gone.

import * as words from "./strings.js";

/** What went wrong, in words for people. `offline`: nobody answered at all. */
export class Failure extends Error {
  constructor(message, offline = false) {
    super(message);
    this.offline = offline;
  }
}

export const isAbort = (error) => error.name === "AbortError";

const inFlight = new Map();
/** Since when nobody answers (or null), when somebody did, and who hears of it when that changes. */
export const connection = { offlineSince: null, lastAnswer: null, changed: () => {} };

const heard = (isAnswer) => {
  const wasOffline = connection.offlineSince !== null;
  if (isAnswer) connection.lastAnswer = Date.now();
  connection.offlineSince = isAnswer ? null : connection.offlineSince ?? Date.now();
  if (wasOffline === isAnswer) connection.changed();
};

const ask = async (url, options) => {
  let answer = null;
  let body = null;
  try {
    answer = await fetch(url, options);
    heard(true);
    const text = await answer.text();
    body = text === "" ? null : JSON.parse(text);
  } catch (error) {
    if (isAbort(error)) throw error;
    if (!answer) {
      heard(false);
      throw new Failure(words.unreachable, true);
    }
    if (answer.ok) throw new Failure(words.noAnswer);
  }
  if (!answer.ok) throw new Failure(typeof body === "string" ? body : body?.error ?? body?.message ?? words.httpStatus(answer.status));
  return body;
};

/** GET, joined with an equal one in flight. The request itself ends when all who asked for it have given up. */
export const get = (url, signal) => {
  let flight = inFlight.get(url);
  if (!flight) {
    const controller = new AbortController();
    flight = { controller, users: 0 };
    const landed = () => {
      if (inFlight.get(url) === flight) inFlight.delete(url);
    };
    flight.answer = ask(url, { signal: controller.signal }).finally(landed);
    // Whoever asked hears of a failure; where all have left, nobody needs to.
    flight.answer.catch(() => {});
    inFlight.set(url, flight);
  }
  flight.users += 1;
  if (!signal) return flight.answer;
  return new Promise((resolve, reject) => {
    const leave = () => {
      flight.users -= 1;
      if (flight.users === 0) {
        inFlight.delete(url);
        flight.controller.abort();
      }
      reject(signal.reason);
    };
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    flight.answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
};

const prometheus = async (endpoint, params, signal) => {
  const url = `/api/prometheus/api/v1/${endpoint}`;
  const query = new URLSearchParams(params);
  // Long queries go as a form, so that no proxy on the way cuts the URL; they are not joined with others then.
  const { data } = `${query}`.length < 6000 ? await get(`${url}?${query}`, signal) : await ask(url, { method: "POST", body: query, signal });
  return data;
};

/** An instant query; `time` in seconds, now if left out. */
export const query = (expr, time, signal) => prometheus("query", time === undefined ? { query: expr } : { query: expr, time }, signal);

/** A query over a range, all in seconds. */
export const queryRange = (expr, start, end, step, signal) => prometheus("query_range", { query: expr, start, end, step }, signal);

/** A selector as it is, or of the metric's name. */
const selectorOf = (text) => (text.includes("{") ? text : `{__name__=${JSON.stringify(text)}}`);

/** Whether the metric has a value at that time, in seconds. */
export const hasValue = async (name, time, signal) => (await query(`count(${selectorOf(name)})`, time, signal)).result.length > 0;

/** Whether any series of that name, or of that selector, exists between start and end, in seconds. */
export const hasMetric = async (name, start, end, signal) =>
  (await hasValue(name, end, signal)) || (await prometheus("series", { "match[]": selectorOf(name), start, end, limit: 1 }, signal)).length > 0;

/** Lines of logs; start and end in seconds. */
export const queryLogs = async (expr, start, end, signal) => {
  const params = new URLSearchParams({ query: expr, start: `${start}000000000`, end: `${end}000000000`, limit: 500, direction: "backward" });
  return (await get(`/api/loki/loki/api/v1/query_range?${params}`, signal)).data;
};

export const prometheusAlerts = async (signal) => (await prometheus("alerts", {}, signal)).alerts;

const alertmanagerURL = (path) => `/api/alertmanager/api/v2/${path}`;
export const alertmanager = (path, signal) => get(alertmanagerURL(path), signal);
export const createSilence = (silence) =>
  ask(alertmanagerURL("silences"), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(silence) });
export const expireSilence = (id) => ask(alertmanagerURL(`silence/${encodeURIComponent(id)}`), { method: "DELETE" });

/** Who asks, and which boards there are (null until it is known). */
export const facts = { me: {}, boards: null };
let learning = null;

/** Asks for the facts until somebody has answered. */
export const learn = () => (learning ??= Promise.all([get("/api/me"), get("/api/boards")]).then(
  ([me, boards]) => { Object.assign(facts, { me, boards }); },
  (error) => { learning = null; throw error; }));
