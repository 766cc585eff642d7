// Times and durations as people read them: by their locale, in their zone. What `now-6h` means is the server's to say.

import * as words from "./strings.js";

/** Whether the range follows the clock, so that a refresh shows something new. */
export const isRelative = (to) => /^now/.test(to);

/** `Last 6 hours`, `Today`, or both ends. */
export const rangeWords = (from, to, format) => {
  const last = /^now-(\d+)([smhdwMy])$/.exec(from);
  if (last && to === "now") return words.last(Number(last[1]), last[2]);
  if (words.namedRanges[from] && (to === from || to === "now")) return words.namedRanges[from];
  const isFixed = [from, to].every((each) => /^\d+$/.test(each));
  return isFixed ? format.between(Number(from), Number(to)) : `${from} – ${to}`;
};

/** `2026-11-22 14:52:00` in the zone that is shown, and what is meant by it: milliseconds, `now…` as it stands, or null. */
export const writeTime = (time, isUTC) => new Date(isUTC ? time : time - new Date(time).getTimezoneOffset() * 60000).toISOString().slice(0, 19).replace("T", " ");
export const readTime = (text, isUTC) => {
  if (isRelative(text)) return text;
  const time = Date.parse(text.replace(" ", "T") + (isUTC ? "Z" : ""));
  return Number.isNaN(time) ? null : time;
};

/** How times are told: everything that a panel or a page needs, made once for a zone and a locale. */
export const makeFormat = (zone, locale = navigator.language) => {
  const timeZone = zone === "utc" ? "UTC" : undefined;
  const make = (options) => {
    const format = new Intl.DateTimeFormat(locale, { timeZone, hourCycle: "h23", ...options });
    return Object.assign((time) => (Number.isFinite(time) ? format.format(time) : ""), { range: (from, to) => format.formatRange(from, to) });
  };
  const clock = { hour: "2-digit", minute: "2-digit" };
  const seconds = { ...clock, second: "2-digit" };
  const day = { month: "short", day: "numeric" };
  const short = make({ ...day, ...clock });
  const number = (options) => {
    const format = new Intl.NumberFormat(locale, { maximumFractionDigits: 0, ...options });
    return (value) => format.format(value);
  };
  const whole = number();
  const duration = (span) => durationWords(span, whole);
  return {
    zone, locale, timeZone, short, whole, duration,
    isUTC: zone === "utc",
    time: make(clock),
    timeSeconds: make(seconds),
    date: make(day),
    month: make({ year: "numeric", month: "short" }),
    dateTime: make({ year: "numeric", ...day, ...seconds }),
    between: short.range,
    percent: number({ style: "percent" }),
    /** How long ago a time in milliseconds is. */
    ago: (time) => duration(Math.max(0, Date.now() - time) / 1000),
  };
};

const shortUnits = [[31536000, "y"], [604800, "w"], [86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

/** Two units at most: `3 d 4 h`. */
const durationWords = (span, whole) => {
  if (!Number.isFinite(span)) return "";
  const at = shortUnits.findIndex(([length]) => span >= length);
  if (at < 0) return "0 s";
  const [length, name] = shortUnits[at];
  const [nextLength, nextName] = shortUnits[at + 1] ?? [];
  const head = Math.floor(span / length);
  const rest = head < 10 && length > 60 ? Math.floor((span - head * length) / nextLength) : 0;
  return `${whole(head)} ${name}${rest > 0 ? ` ${rest} ${nextName}` : ""}`;
};

/** Seconds of `30s`, `1m`, `1h`; 0 for anything else. */
export const intervalSeconds = (text) => {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text ?? "") ?? [];
  return unit ? amount * { s: 1, m: 60, h: 3600, d: 86400 }[unit] : 0;
};
