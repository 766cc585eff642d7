// The URL is the state: what is not in it is not part of the picture. A link copied from the address bar shows the same again.

const listeners = new Set();
const ranges = [];

const pageOf = (path) => {
  if (path === "/") return { page: "fleet", uid: null };
  if (path === "/alerts") return { page: "alerts", uid: null };
  const board = /^\/d\/([^/]+)/.exec(path);
  if (!board) return { page: "unknown", uid: null };
  try {
    return { page: "board", uid: decodeURIComponent(board[1]) };
  } catch {
    return { page: "unknown", uid: null };
  }
};

const read = () => {
  const params = new URLSearchParams(location.search);
  return { path: location.pathname, ...pageOf(location.pathname), params };
};

export let state = read();

const changed = () => {
  const before = state;
  state = read();
  for (const listener of [...listeners]) listener(state, before);
};

addEventListener("popstate", changed);

/** Calls the listener with the state and the one before, whenever the URL changes. Returns what ends that. */
export const onState = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** A parameter of the URL, or the fallback. */
export const param = (name, fallback = null) => state.params.get(name) ?? fallback;

/** Sets parameters; null removes one, an array gives it several values. `replace` makes no entry in the history. */
export const setParams = (changes, { replace = false } = {}) => {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    params.delete(name);
    if (Array.isArray(value)) for (const each of value) params.append(name, each);
    else if (value !== null && value !== undefined) params.set(name, value);
  }
  const query = params.toString();
  go(location.pathname + (query ? `?${query}` : ""), { replace });
};

const go = (url, { replace = false } = {}) => {
  if (url === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", url);
  changed();
};

/** Where a link may lead: a path of ours, or http(s). Anything else, as `javascript:`, is null. */
export const safeURL = (text) => {
  try {
    const url = new URL(text, location.href);
    return url.protocol === "http:" || url.protocol === "https:" ? url : null;
  } catch {
    return null;
  }
};

/** Follows a link: our own pages without loading anew, others as the browser does. */
export const navigate = (text, { newTab = false } = {}) => {
  const url = safeURL(text);
  if (!url) return;
  const ours = url.origin === location.origin && pageOf(url.pathname).page !== "unknown";
  if (newTab) open(url.href, "_blank", "noopener,noreferrer");
  else if (ours) go(url.pathname + url.search);
  else location.assign(url.href);
};

/** The parameters that one page hands to another: the range and how it is told. */
export const keptParams = () => {
  const kept = new URLSearchParams();
  for (const name of ["from", "to", "refresh", "timezone"]) if (state.params.has(name)) kept.set(name, state.params.get(name));
  return kept;
};

/** A link of ours with the range kept. */
export const withRange = (path) => {
  const url = new URL(path, location.origin);
  for (const [name, value] of keptParams()) if (!url.searchParams.has(name)) url.searchParams.set(name, value);
  return url.pathname + url.search;
};

/** Chooses a range and remembers the one before for `rangeBack`. */
export const setRange = (from, to) => {
  ranges.push([param("from"), param("to")]);
  if (ranges.length > 50) ranges.shift();
  setParams({ from: String(from), to: String(to) });
};

export const canRangeBack = () => ranges.length > 0;

export const rangeBack = () => {
  const before = ranges.pop();
  if (before) setParams({ from: before[0], to: before[1] });
};
