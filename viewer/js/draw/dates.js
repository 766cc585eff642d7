// Times as texts, in the zone in force.

let zone;
let calendar = null;
/** Dates are written in this zone (an IANA name; undefined is the browser's). */
export function setZone(name) {
  if (name === zone) return;
  zone = name;
  calendar = null;
}

export const calendarOf = (timeZone) => new Intl.DateTimeFormat('en-CA', { timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** Year to second of a time in milliseconds, as texts. */
export function partsOf(time, own) {
  const result = {};
  for (const part of own.formatToParts(time)) result[part.type] = part.value;
  return result;
}

const patterns = { dateTimeAsIso: 'YYYY-MM-DD HH:mm:ss', dateTimeAsUS: 'MM/DD/YYYY h:mm:ss a' };

/** A date as its unit wants it: `dateTimeAsIso`, `dateTimeAsUSNoDateIfToday`, `dateTimeFromNow`, `time:YYYY-MM-DD` and their like. */
export function dateText(value, id) {
  if (id.startsWith('dateTimeFromNow')) return fromNow(value);
  calendar ??= calendarOf(zone);
  const parts = partsOf(value, calendar);
  if (id.startsWith('time:')) return patterned(parts, id.slice(5));
  if (id.endsWith('NoDateIfToday')) {
    const today = partsOf(Date.now(), calendar);
    if (['year', 'month', 'day'].every((part) => parts[part] === today[part])) return patterned(parts, 'HH:mm:ss');
  }
  if (id.startsWith('dateTimeAsLocal')) return new Date(value).toLocaleString(undefined, { timeZone: zone });
  return patterned(parts, id.startsWith('dateTimeAsUS') ? patterns.dateTimeAsUS : patterns.dateTimeAsIso);
}

function fromNow(value) {
  const away = (value - Date.now()) / 1000;
  const size = Math.abs(away);
  const [word, length] = [['year', 31536000], ['month', 2628000], ['day', 86400], ['hour', 3600]].find((part) => size >= part[1] * 0.75) ?? ['minute', 60];
  const count = Math.max(1, Math.round(size / length));
  const text = size < 45 ? 'a few seconds' : `${count} ${word}${count === 1 ? '' : 's'}`;
  return away > 0 ? `in ${text}` : `${text} ago`;
}

/** A date after a pattern of `YYYY`, `MM`, `DD`, `HH`, `mm`, `ss` and their like; one letter is a number without zeros before it. */
function patterned({ year, month, day, hour, minute, second }, pattern) {
  const hours = Number(hour);
  const words = { YYYY: year, YY: year.slice(2), MM: month, DD: day, HH: hour, hh: String(hours % 12 || 12).padStart(2, '0'), mm: minute, ss: second, a: hours < 12 ? 'am' : 'pm' };
  return pattern.replace(/\[([^\]]*)\]|YYYY|YY|MM?|DD?|HH?|hh?|mm?|ss?|a/g, (word, literal) => literal ?? words[word] ?? Number(words[word + word]));
}
