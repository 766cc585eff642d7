// Grafana's units: a number becomes a prefix, a text and a suffix. Ids are those that boards carry (`bytes`, `Bps`,
// `percentunit`, `suffix: jobs`); a unit that nobody knows is written behind the number, as Grafana does.

import { dateText } from './dates.js';

export { setZone } from './dates.js';

let separator = '.';
/** Numbers are written with the decimal sign of this locale. */
export function setLocale(locale) {
  separator = (1.5).toLocaleString(locale).replace(/[0-9]/g, '') || '.';
}

/** Decimals that show about three significant digits; whole numbers need none. */
const decimalsFor = (value) => Number.isInteger(value) ? 0 : Math.min(12, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));

/** The number with so many decimals (as many as it needs when null). */
function fixed(value, decimals = null) {
  if (!Number.isFinite(value)) return value === Infinity ? '∞' : value === -Infinity ? '−∞' : 'NaN';
  if (Math.abs(value) >= 1e21) return String(value);
  let text = value.toFixed(Math.min(20, Math.max(0, decimals ?? decimalsFor(value))));
  if (Number(text) === 0 && text[0] === '-') text = text.slice(1);
  return separator === '.' ? text : text.replace('.', separator);
}

const shown = (text, suffix = '', prefix = '') => ({ prefix, text, suffix });
const metric = ['f', 'p', 'n', 'µ', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const one = metric.indexOf('');
const money = ['', 'K', 'M', 'B', 'T'];

// A unit's kind says how it is cut down: divided by `base` until the number is small, with the name of that step (`zero`
// is the step of the plain unit) before the unit's own.
const kinds = {
  iec: { base: 1024, zero: 0, names: ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'] },
  si: { base: 1000, zero: one, names: metric },
  data: { base: 1000, zero: 0, names: metric.slice(one) },
  count: { base: 1000, zero: 0, names: money },
  short: { base: 1000, zero: 0, names: ['', 'K', 'Mil', 'Bil', 'Tri', 'Quadr', 'Quint', 'Sext', 'Sept'] },
  plain: {},
  tight: { tight: true },
};
const unit = (kind, name, offset = 0) => ({ ...kinds[kind], name, offset });

// By kind: `id:name`, with the step at which the unit itself stands where that is not the plain one.
const table = {
  iec: 'bytes:B kbytes:B:1 mbytes:B:2 gbytes:B:3 tbytes:B:4 pbytes:B:5 bits:b binBps:B/s binbps:b/s',
  data: 'decbytes:B deckbytes:B:1 decmbytes:B:2 decgbytes:B:3 dectbytes:B:4 decpbytes:B:5 decbits:b Bps:B/s bps:b/s pps:p/s',
  count: 'cps:c/s ops:ops/s reqps:req/s rps:rd/s wps:wr/s iops:io/s eps:evt/s mps:msg/s recps:rec/s rowsps:rows/s cpm:c/m opm:ops/m reqpm:req/m rpm:rd/m wpm:wr/m',
  si: 'hertz:Hz rothz:Hz watt:W kwatt:W:1 megwatt:W:2 gwatt:W:3 mwatt:W:-1 voltamp:VA kvoltamp:VA:1 voltampreact:VAr watth:Wh kwatth:Wh:1 watthperkg:Wh/kg joule:J amph:Ah '
    + 'amp:A kamp:A:1 mamp:A:-1 volt:V kvolt:V:1 mvolt:V:-1 ohm:Ω farad:F henry:H lumens:Lm coulomb:C pressurebar:bar pressurembar:bar:-1 pressurepa:Pa pressurekpa:Pa:1 '
    + 'lengthm:m lengthmm:m:-1 lengthkm:m:1 massg:g masskg:g:1 flops:FLOPS mflops:FLOPS:2 gflops:FLOPS:3 tflops:FLOPS:4 Hs:H/s litre:L mlitre:L:-1 m3:m³ lux:lx',
  short: 'short:',
  plain: 'none: rotrpm:rpm rotrads:rad/s rotdegs:°/s celsius:°C fahrenheit:°F kelvin:K humidity:%H dB:dB dBm:dBm pressurehpa:hPa ppm:ppm pixel:px velocityms:m/s velocitykmh:km/h flowcms:cms',
  tight: 'percent:% percentunit:% degree:°',
};
const units = { __proto__: null };
for (const [kind, list] of Object.entries(table)) {
  for (const entry of list.split(' ')) {
    const [id, name, offset = 0] = entry.split(':');
    units[id] = unit(kind, name, Number(offset));
  }
}
units.percentunit.factor = 100;
for (const [at, letter] of [...'KMGTP'].entries()) {
  for (const [id, name] of [['B', 'B/s'], ['bit', 'b/s']]) {
    units[`${letter}${id}s`] = unit('data', name, at + 1);
    units[`${letter}i${id}s`] = unit('iec', name, at + 1);
  }
}
const currency = (symbol) => ({ ...unit('count', ''), before: symbol });
for (const each of 'USD$ EUR€ GBP£ JPY¥ INR₹ KRW₩ RUB₽ UAH₴ BRLR$ ILS₪ TRY₺ VND₫ PHPPHP BTC₿ AUD$ CAD$ CNY¥ ZARR'.split(' ')) units[`currency${each.slice(0, 3)}`] = currency(each.slice(3));
for (const each of 'CHFCHF CZKczk PLNzł SEKkr NOKkr DKKkr ISKkr'.split(' ')) units[`currency${each.slice(0, 3)}`] = unit('count', each.slice(3));

/** What the id means: a table entry, made up on the fly for `suffix:x`, `si:mX`, `count:x` and unknown ids. */
function unitOf(id) {
  if (units[id]) return units[id];
  const [, kind, rest] = /^(\w+):(.*)$/s.exec(id) ?? [];
  switch (kind) {
    case 'suffix': return unit('plain', rest);
    case 'prefix': return { before: rest };
    case 'count': return unit('count', rest);
    case 'currency': return currency(rest);
    case 'si': {
      const offset = metric.indexOf(rest[0]);
      return offset >= 0 && rest.length > 1 ? unit('si', rest.slice(1), offset - one) : unit('si', rest);
    }
    default: return unit('plain', id);
  }
}

function suffixOf({ names, name }, step) {
  const prefix = names[step] ?? '';
  const suffix = prefix + (names === money && prefix && name ? ' ' : '') + name;
  return suffix && ` ${suffix}`;
}

/** The step in which a number is written, and what it is divided by for that. */
function stepOf({ base, zero, offset, names }, value) {
  let step = zero + offset;
  let divisor = 1;
  // What rounding would carry over belongs to the next step: 999.999 k is 1 M.
  while (step < names.length - 1 && Number((value / divisor).toPrecision(6)) >= base) {
    divisor *= base;
    step++;
  }
  while (step > 0 && zero > 0 && value > 0 && value / divisor < 1) {
    divisor /= base;
    step--;
  }
  return [step, divisor];
}

function scaled(entry, number, step, decimals) {
  const suffix = suffixOf(entry, step);
  return entry.before ? shown(fixed(number, decimals), suffix.trim(), entry.before) : shown(fixed(number, decimals), suffix);
}

// Durations: what a unit is in seconds, and the steps in which it is written.
const seconds = { __proto__: null, ns: 1e-9, 'µs': 1e-6, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
const spans = [[1e-9, 'ns'], [1e-6, 'µs'], [1e-3, 'ms'], [1, 's'], [60, 'min'], [3600, 'hour'], [86400, 'day'], [604800, 'week'], [31536000, 'year']];

function inSpan(inSeconds, at, decimals) {
  const [size, word] = spans[at];
  const text = fixed(inSeconds / size, decimals);
  return shown(text, ` ${word}${at > 3 && text !== '1' ? 's' : ''}`);
}

function duration(value, id, decimals) {
  const inSeconds = value * seconds[id];
  const size = Math.abs(inSeconds);
  // A thousandth of tolerance, or 60 seconds less a rounding error would be written as 60 s.
  let at = size === 0 ? spans.findIndex((span) => span[0] === seconds[id]) : spans.findLastIndex((span) => size >= span[0] * 0.9999999);
  if (spans[at]?.[1] === 'week' && seconds[id] < 1) at--;
  return inSpan(inSeconds, Math.max(0, at), decimals);
}

/** `2 days, 3 hours`: one part more than there are decimals. */
function longDuration(value, decimals) {
  if (value === 0) return '0 seconds';
  let rest = Math.abs(value);
  let left = (decimals ?? 0) + 1;
  const words = [];
  for (const [word, size] of [['year', 31536000], ['month', 2628000], ['week', 604800], ['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1], ['millisecond', 0.001]]) {
    const whole = Math.floor(rest / size + 1e-9);
    if (left > 0 && (whole > 0 || words.length > 0)) {
      words.push(`${whole} ${word}${whole === 1 ? '' : 's'}`);
      left--;
    }
    rest -= whole * size;
  }
  return words.join(', ') + (value < 0 ? ' ago' : '');
}

function clock(value, withDays = false) {
  const size = Math.floor(Math.abs(value));
  const days = withDays ? Math.floor(size / 86400) : 0;
  const [hours, minutes, rest] = [size / 3600 - days * 24, size / 60 % 60, size % 60].map((part) => String(Math.floor(part)).padStart(2, '0'));
  return `${value < 0 ? '-' : ''}${withDays ? `${days} d ` : ''}${hours}:${minutes}:${rest}`;
}

const hex = (value) => Math.round(value).toString(16).toUpperCase();

// Units that make words of a number rather than put something beside it.
const wordings = {
  __proto__: null,
  bool: (value) => value ? 'True' : 'False',
  bool_yes_no: (value) => value ? 'Yes' : 'No',
  bool_on_off: (value) => value ? 'On' : 'Off',
  string: String,
  dtdurations: longDuration,
  dtdurationms: (value, decimals) => longDuration(value / 1000, decimals),
  timeticks: (value, decimals) => longDuration(value / 100, decimals),
  dthms: (value) => clock(value),
  dtdhms: (value) => clock(value, true),
  clocks: (value) => clock(value),
  clockms: (value) => clock(value / 1000),
  hex,
  hex0x: (value) => `0x${hex(value)}`,
  sci: (value, decimals) => value.toExponential(decimals ?? undefined),
  locale: (value, decimals) => value.toLocaleString(undefined, decimals === null ? undefined : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
};

/** A number in words, for units that have them; null for all others. */
function inWords(value, id, decimals) {
  if (wordings[id]) return wordings[id](value, decimals);
  if (id.startsWith('bool:')) return id.slice(5).split('/')[value ? 0 : 1] ?? '';
  if (!/^(dateTime|time:)/.test(id)) return null;
  return Math.abs(value) <= 8.64e15 ? dateText(value, id) : fixed(value);
}

/** The number as text with what stands before and behind it. `value` is a number; null and NaN are the caller's. */
export function format(value, id, decimals = null) {
  if (typeof value !== 'number') return shown(String(value));
  if (seconds[id] && Number.isFinite(value)) return duration(value, id, decimals);
  const word = id ? inWords(value, id, decimals) : null;
  if (word !== null) return shown(word);
  const entry = unitOf(id || 'none');
  if (entry.base) {
    if (!Number.isFinite(value)) return shown(fixed(value));
    const [step, divisor] = stepOf(entry, Math.abs(value));
    return scaled(entry, value / divisor, step, decimals);
  }
  const { name = '', tight, factor = 1, before } = entry;
  return shown(fixed(value * factor, decimals), name && !tight ? ` ${name}` : name, before);
}

/** What is shown of a value as one text. */
export const textOf = ({ prefix, text, suffix }) => prefix + text + suffix;

/** The formatted number as one text. */
export const formatText = (value, id, decimals) => textOf(format(value, id, decimals));

/** How an axis counts in this unit: its base, and for durations how long one is in seconds. */
export function axisKind(id) {
  if (seconds[id]) return { kind: 'duration', seconds: seconds[id], factor: 1 };
  const entry = unitOf(id || 'none');
  return { kind: entry.base === 1024 ? 'binary' : 'decimal', entry, factor: entry.factor ?? 1 };
}

/** A number of an axis: all of an axis' numbers are written in the step of its greatest one. */
export function axisText(value, id, greatest, increment, decimals) {
  // As many decimals as the steps need, not the board's: 50.00 % says no more than 50 %, and 2, 2, 3 for 1.5, 2, 2.5 lies.
  if (id && inWords(0, id, 0) !== null) return formatText(value, id, decimals);
  const { entry, factor, seconds: size } = axisKind(id);
  if (size) {
    // The largest unit in which the steps are short numbers: 90 days rather than 12.857 weeks, but 1.25 s rather than 1250 ms.
    const needs = (at) => decimalsOf(increment * size / spans[at][0]);
    const isShort = (at) => at < 4 ? greatest * size >= spans[at][0] && needs(at) < 3 : greatest * size >= spans[at][0] * 1.5 && needs(at) < 2;
    let at = spans.length - 1;
    while (at > 0 && !isShort(at)) at--;
    return textOf(inSpan(value * size, at, value === 0 ? 0 : needs(at)));
  }
  if (!entry.base || !Number.isFinite(greatest)) return formatText(value, id, decimalsOf(increment * factor));
  const [step, divisor] = stepOf(entry, greatest);
  return textOf(value === 0 ? scaled(entry, 0, entry.zero || entry.offset, 0) : scaled(entry, value / divisor, step, decimalsOf(increment / divisor)));
}

/** Decimals that a step of an axis needs. */
function decimalsOf(increment) {
  if (!(increment > 0)) return 0;
  let decimals = 0;
  for (let shifted = increment; decimals < 12 && Math.abs(shifted - Math.round(shifted)) >= 1e-6 * shifted; shifted *= 10) decimals++;
  return decimals;
}
