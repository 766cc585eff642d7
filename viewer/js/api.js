// Every request of the page goes through here: equal requests in flight are one, and everybody hears when the server is gone.

import { strings } from "./strings.js";

/** What went wrong, in words for people. `offline`: nobody answered at all. */
export class Failure extends Error {
  constructor(message, { status = 0, offline = false } = {}) {
    super(message);
    this.status = status;
    this.offline = offline;
  }
}

const inFlight = new Map();
const watchers = new Set();
export const connection = { offlineSince: null, lastAnswer: null };

/** Calls the watcher when the server goes away or comes back. Returns what ends that. */
export const onConnection = (watcher) => {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
};

const heard = (answered) => {
  const was = connection.offlineSince;
  if (answered) {
    connection.lastAnswer = Date.now();
    connection.offlineSince = null;
  } else {
    connection.offlineSince ??= Date.now();
  }
  if ((was === null) !== (connection.offlineSince === null)) for (const watcher of [...watchers]) watcher(connection);
};

const ask = async (url, options) => {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    heard(false);
    throw new Failure(strings.problems.unreachable, { offline: true });
  }
  heard(true);
  let body = null;
  try {
    body = answer.status === 204 ? null : await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (answer.ok && answer.headers.get("content-length") !== "0") throw new Failure(strings.problems.noAnswer, { status: answer.status });
  }
  if (!answer.ok) {
    const words = typeof body === "string" ? body : body?.error ?? body?.message ?? strings.problems.http(answer.status);
    throw new Failure(words, { status: answer.status });
  }
  return body;
};

/** GET, joined with an equal one in flight. The request itself ends when all who asked for it have given up. */
export const get = (url, signal) => {
  let flight = inFlight.get(url);
  if (!flight) {
    const controller = new AbortController();
    flight = { controller, users: 0, promise: null };
    flight.promise = ask(url, { signal: controller.signal }).finally(() => {
      if (inFlight.get(url) === flight) inFlight.delete(url);
    });
    // Whoever asked hears of a failure; where all have left, nobody needs to.
    flight.promise.catch(() => {});
    inFlight.set(url, flight);
  }
  if (!signal) {
    flight.users = Infinity;
    return flight.promise;
  }
  flight.users += 1;
  return new Promise((resolve, reject) => {
    const leave = () => {
      flight.users -= 1;
      if (flight.users === 0) {
        inFlight.delete(url);
        flight.controller.abort();
      }
      reject(new DOMException("aborted", "AbortError"));
    };
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    flight.promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
};

export const post = (url, body) =>
  ask(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const remove = (url) => ask(url, { method: "DELETE" });

const proxy = "/api/prometheus/api/v1/";

const prometheus = async (endpoint, params, signal) => {
  const query = new URLSearchParams(params).toString();
  // Long queries go as a form, so that no proxy on the way cuts the URL; they are not joined with others then.
  const answer = query.length < 6000
    ? await get(`${proxy}${endpoint}?${query}`, signal)
    : await ask(proxy + endpoint, {
        method: "POST", body: query, signal, headers: { "Content-Type": "application/x-www-form-urlencoded" },
      });
  if (answer?.status !== "success") throw new Failure(answer?.error ?? strings.problems.noAnswer);
  return answer.data;
};

/** An instant query; `time` in seconds, now if left out. */
export const query = (expr, time, signal) => prometheus("query", time === undefined ? { query: expr } : { query: expr, time }, signal);

/** A query over a range, all in seconds. */
export const queryRange = (expr, start, end, step, signal) => prometheus("query_range", { query: expr, start, end, step }, signal);

/** Whether any series of that name exists between start and end, in seconds. */
export const hasMetric = async (name, start, end, signal) => {
  const found = await prometheus("query", { query: `count({__name__=${JSON.stringify(name)}})`, time: end }, signal);
  if (found.result.length > 0) return true;
  return (await prometheus("series", { "match[]": `{__name__=${JSON.stringify(name)}}`, start, end, limit: 1 }, signal)).length > 0;
};

export const prometheusAlerts = async (signal) => (await prometheus("alerts", {}, signal)).alerts;
export const alertmanager = (path, signal) => get(`/api/alertmanager/api/v2/${path}`, signal);
