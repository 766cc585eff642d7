// The URL is the state: what is not in it is not part of the picture. A link copied from the address bar shows the same again.

let listener = () => {};
const ranges = [];

const pageOf = (path) => {
  if (path === "/") return { page: "fleet" };
  if (path === "/alerts") return { page: "alerts" };
  const board = /^\/d\/([^/]+)/.exec(path);
  try {
    if (board) return { page: "board", uid: decodeURIComponent(board[1]) };
  } catch {
    // An escape that is none names no board.
  }
  return { page: "unknown" };
};

const read = () => ({ path: location.pathname, ...pageOf(location.pathname), params: new URLSearchParams(location.search) });

export let state = read();

const changed = () => {
  state = read();
  listener();
};

addEventListener("popstate", changed);

/** Has the listener called whenever the URL changes. */
export const onState = (hear) => { listener = hear; };

/** A parameter of the URL, or the fallback. */
export const param = (name, fallback = null) => state.params.get(name) ?? fallback;

const go = (url, { replace = false } = {}) => {
  if (url === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", url);
  changed();
};

/** Sets parameters; null removes one, an array gives it several values. `replace` makes no entry in the history. */
export const setParams = (changes, options) => {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    params.delete(name);
    for (const each of [value].flat()) if (each !== null && each !== undefined) params.append(name, each);
  }
  go(location.pathname + (params.size > 0 ? `?${params}` : ""), options);
};

/** Sets a parameter that has a usual value, which the URL does not name. */
export const setChoice = (name, value, usual) => setParams({ [name]: value === usual ? null : value }, { replace: true });

/** Where a link may lead: a path of ours, or http(s). Anything else, as `javascript:`, is null. */
export const safeURL = (text) => {
  const url = URL.parse(text, location.href);
  return /^https?:$/.test(url?.protocol) ? url : null;
};

/** Follows a link: our own pages without loading anew, others as the browser does. */
export const navigate = (text) => {
  const url = safeURL(text);
  if (!url) return;
  if (url.origin === location.origin && pageOf(url.pathname).page !== "unknown") go(url.pathname + url.search);
  else location.assign(url.href);
};

/** A link of ours with what one page hands to another: the range and how it is told. */
export const withRange = (path) => {
  const url = new URL(path, location.origin);
  for (const name of ["from", "to", "refresh", "timezone"]) {
    if (state.params.has(name) && !url.searchParams.has(name)) url.searchParams.set(name, state.params.get(name));
  }
  return url.pathname + url.search;
};

/** Chooses a range and remembers the one before for `rangeBack`. */
export const setRange = (from, to) => {
  ranges.push({ from: param("from"), to: param("to") });
  if (ranges.length > 50) ranges.shift();
  setParams({ from, to });
};

export const canRangeBack = () => ranges.length > 0;
export const rangeBack = () => setParams(ranges.pop() ?? {});
