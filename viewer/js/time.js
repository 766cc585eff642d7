// Ranges as Grafana writes them, and times and durations as people read them: by their locale, in their zone.

import { strings } from "./strings.js";

const seconds = { s: 1, m: 60, h: 3600, d: 86400, w: 604800, M: 2592000, y: 31536000 };

/** Milliseconds since 1970 of `now-6h`, `now/d`, epoch milliseconds or ISO 8601; null when it is none of these. `end`: round up. */
export const resolveTime = (text, { now = Date.now(), end = false, utc = false } = {}) => {
  if (/^-?\d+$/.test(text)) return Number(text);
  const parts = /^now(?:([+-])(\d+)([smhdwMy]))?(?:\/([smhdwMy]))?$/.exec(text);
  if (!parts) {
    const time = Date.parse(text);
    return Number.isNaN(time) ? null : time;
  }
  const date = new Date(now);
  const [, sign, amount, unit, rounding] = parts;
  if (unit) move(date, (sign === "-" ? -1 : 1) * Number(amount), unit, utc);
  if (rounding) {
    floor(date, rounding, utc);
    if (end) {
      move(date, 1, rounding, utc);
      date.setTime(date.getTime() - 1);
    }
  }
  return date.getTime();
};

const field = (date, name, utc, value) => {
  const method = (utc ? "UTC" : "") + name;
  return value === undefined ? date[`get${method}`]() : date[`set${method}`](value);
};

const move = (date, amount, unit, utc) => {
  if (unit === "M") field(date, "Month", utc, field(date, "Month", utc) + amount);
  else if (unit === "y") field(date, "FullYear", utc, field(date, "FullYear", utc) + amount);
  else if (unit === "d" || unit === "w") field(date, "Date", utc, field(date, "Date", utc) + amount * (unit === "w" ? 7 : 1));
  else date.setTime(date.getTime() + amount * seconds[unit] * 1000);
};

const floor = (date, unit, utc) => {
  field(date, "Milliseconds", utc, 0);
  field(date, "Seconds", utc, 0);
  if (unit === "s" || unit === "m") return;
  field(date, "Minutes", utc, 0);
  if (unit === "h") return;
  field(date, "Hours", utc, 0);
  if (unit === "w") field(date, "Date", utc, field(date, "Date", utc) - ((field(date, "Day", utc) + 6) % 7));
  if (unit === "M" || unit === "y") field(date, "Date", utc, 1);
  if (unit === "y") field(date, "Month", utc, 0);
};

/** Whether the range follows the clock, so that a refresh shows something new. */
export const isRelative = (to) => /^now/.test(to);

const wordsFor = (amount, unit) => {
  const [one, more] = strings.time.units[unit];
  return amount === 1 ? one : `${amount} ${more}`;
};

/** `Last 6 hours`, `Today`, or both ends. */
export const rangeWords = (from, to, format) => {
  const last = /^now-(\d+)([smhdwMy])$/.exec(from);
  if (last && to === "now") return strings.time.last(wordsFor(Number(last[1]), last[2]));
  const named = strings.time.named[from];
  if (named && (to === from || to === "now")) return named;
  const utc = format.zone === "utc";
  const start = resolveTime(from, { utc });
  const end = resolveTime(to, { end: true, utc });
  return start === null || end === null ? `${from} – ${to}` : format.between(start, end);
};

/** How times are told: everything that a panel or a page needs, made once for a zone and a locale. */
export const makeFormat = (zone, locale = navigator.language) => {
  const timeZone = zone === "utc" ? "UTC" : undefined;
  const make = (options) => {
    const format = new Intl.DateTimeFormat(locale, { timeZone, hourCycle: "h23", ...options });
    return (time) => (Number.isFinite(time) ? format.format(time) : "");
  };
  const clock = { hour: "2-digit", minute: "2-digit" };
  const both = new Intl.DateTimeFormat(locale, { timeZone, hourCycle: "h23", month: "short", day: "numeric", ...clock });
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const decimals = [0, 1, 2].map((digits) => new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  return {
    zone, locale, timeZone,
    time: make(clock),
    timeSeconds: make({ ...clock, second: "2-digit" }),
    date: make({ month: "short", day: "numeric" }),
    month: make({ year: "numeric", month: "short" }),
    year: make({ year: "numeric" }),
    dateTime: make({ year: "numeric", month: "short", day: "numeric", ...clock, second: "2-digit" }),
    short: make({ month: "short", day: "numeric", ...clock }),
    iso: make({ dateStyle: "short", timeStyle: "medium" }),
    between: (from, to) => both.formatRange(from, to),
    whole: (value) => whole.format(value),
    number: (value, digits) => decimals[digits].format(value),
    percent: (ratio) => (Number.isFinite(ratio) ? `${whole.format(ratio * 100)} %` : "–"),
    /** Two units at most: `3 d 4 h`. */
    duration: (span) => durationWords(span, whole),
    /** The time in words for how long ago, short: `5 min`. */
    ago: (time, now = Date.now()) => durationWords(Math.max(0, now - time) / 1000, whole),
  };
};

const shortUnits = [[31536000, "y"], [604800, "w"], [86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

const durationWords = (span, whole) => {
  if (!Number.isFinite(span)) return "";
  if (span < 1) return "0 s";
  const first = shortUnits.findIndex(([length]) => span >= length);
  const [length, name] = shortUnits[first];
  const head = Math.floor(span / length);
  const next = shortUnits[first + 1];
  const rest = next ? Math.floor((span - head * length) / next[0]) : 0;
  return rest > 0 && head < 10 && length > 60 ? `${whole.format(head)} ${name} ${rest} ${next[1]}` : `${whole.format(head)} ${name}`;
};

/** Seconds of `30s`, `1m`, `1h`; 0 for anything else. */
export const intervalSeconds = (text) => {
  const parts = /^(\d+)(ms|[smhd])$/.exec(text ?? "");
  if (!parts || parts[2] === "ms") return 0;
  return Number(parts[1]) * seconds[parts[2]];
};
