// Grafana's units: a number becomes a prefix, a text and a suffix. Ids are those that boards carry (`bytes`, `Bps`,
// `percentunit`, `suffix: jobs`); a unit that nobody knows is written behind the number, as Grafana does.

let separator = '.';
/** Numbers are written with the decimal sign of this locale. */
export function setLocale(locale) {
  separator = (1.5).toLocaleString(locale).replace(/[0-9]/g, '') || '.';
}

/** Decimals that show about three significant digits; whole numbers need none. */
export function decimalsFor(value) {
  if (!Number.isFinite(value) || Number.isInteger(value)) return 0;
  return Math.min(12, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
}

/** The number with so many decimals (as many as it needs when null). */
export function fixed(value, decimals = null) {
  if (!Number.isFinite(value)) return value === Infinity ? '∞' : value === -Infinity ? '−∞' : 'NaN';
  if (Math.abs(value) >= 1e21) return String(value);
  let text = value.toFixed(Math.min(20, Math.max(0, decimals ?? decimalsFor(value))));
  if (Number(text) === 0 && text[0] === '-') text = text.slice(1);
  return separator === '.' ? text : text.replace('.', separator);
}

const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];
const metric = ['f', 'p', 'n', 'µ', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const one = 5;
const short = ['', 'K', 'Mil', 'Bil', 'Tri', 'Quadr', 'Quint', 'Sext', 'Sept'];
const money = ['', 'K', 'M', 'B', 'T'];

// Kinds: `scale` divides by `base` until the number is small and puts the step's name before `name`.
const scale = (base, names, name, offset = 0, zero = 0) => ({ base, names, name, offset, zero });
const iec = (name, offset = 0) => scale(1024, binary, name, offset);
const si = (name, offset = 0) => scale(1000, metric, name, offset, one);
const data = (name, offset = 0) => scale(1000, metric.slice(one), name, offset);
const count = (name) => scale(1000, money, name);
const plain = (name, tight) => ({ plain: name, tight });

const units = {
  __proto__: null,
  none: plain(''), short: scale(1000, short, ''), percent: { factor: 1, plain: '%', tight: true }, percentunit: { factor: 100, plain: '%', tight: true },
  bytes: iec('B'), kbytes: iec('B', 1), mbytes: iec('B', 2), gbytes: iec('B', 3), tbytes: iec('B', 4), pbytes: iec('B', 5), bits: iec('b'),
  decbytes: data('B'), deckbytes: data('B', 1), decmbytes: data('B', 2), decgbytes: data('B', 3), dectbytes: data('B', 4), decpbytes: data('B', 5), decbits: data('b'),
  Bps: data('B/s'), binBps: iec('B/s'), bps: data('b/s'), binbps: iec('b/s'), pps: data('p/s'),
  cps: count('c/s'), ops: count('ops/s'), reqps: count('req/s'), rps: count('rd/s'), wps: count('wr/s'), iops: count('io/s'), eps: count('evt/s'),
  mps: count('msg/s'), recps: count('rec/s'), rowsps: count('rows/s'), cpm: count('c/m'), opm: count('ops/m'), reqpm: count('req/m'), rpm: count('rd/m'), wpm: count('wr/m'),
  hertz: si('Hz'), rothz: si('Hz'), rotrpm: plain('rpm'), rotrads: plain('rad/s'), rotdegs: plain('°/s'),
  celsius: plain('°C'), fahrenheit: plain('°F'), kelvin: plain('K'), humidity: plain('%H'),
  watt: si('W'), kwatt: si('W', 1), megwatt: si('W', 2), gwatt: si('W', 3), mwatt: si('W', -1), voltamp: si('VA'), kvoltamp: si('VA', 1), voltampreact: si('VAr'), watth: si('Wh'),
  kwatth: si('Wh', 1), watthperkg: si('Wh/kg'), joule: si('J'), amph: si('Ah'), amp: si('A'), kamp: si('A', 1), mamp: si('A', -1), volt: si('V'), kvolt: si('V', 1), mvolt: si('V', -1),
  ohm: si('Ω'), farad: si('F'), henry: si('H'), lumens: si('Lm'), coulomb: si('C'), dB: plain('dB'), dBm: plain('dBm'), pressurebar: si('bar'), pressurembar: si('bar', -1),
  pressurepa: si('Pa'), pressurehpa: plain('hPa'), pressurekpa: si('Pa', 1), lengthm: si('m'), lengthmm: si('m', -1), lengthkm: si('m', 1), massg: si('g'), masskg: si('g', 1),
  flops: si('FLOPS'), mflops: si('FLOPS', 2), gflops: si('FLOPS', 3), tflops: si('FLOPS', 4), Hs: si('H/s'), ppm: plain('ppm'), pixel: plain('px'), degree: plain('°', true),
  velocityms: plain('m/s'), velocitykmh: plain('km/h'), flowcms: plain('cms'), litre: si('L'), mlitre: si('L', -1), m3: si('m³'), lux: si('lx'),
};
for (const [at, letter] of ['K', 'M', 'G', 'T', 'P'].entries()) {
  units[`${letter}Bs`] = data('B/s', at + 1);
  units[`${letter}iBs`] = iec('B/s', at + 1);
  units[`${letter}bits`] = data('b/s', at + 1);
  units[`${letter}ibits`] = iec('b/s', at + 1);
}
const currencies = {
  USD: '$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹', KRW: '₩', RUB: '₽', UAH: '₴', BRL: 'R$', ILS: '₪', TRY: '₺', VND: '₫', PHP: 'PHP', CHF: 'CHF', CZK: 'czk', PLN: 'zł', SEK: 'kr',
  NOK: 'kr', DKK: 'kr', ISK: 'kr', BTC: '₿', AUD: '$', CAD: '$', CNY: '¥', ZAR: 'R',
};
const behindNumber = new Set(['CHF', 'CZK', 'PLN', 'SEK', 'NOK', 'DKK', 'ISK']);

// Durations: what a unit is in seconds, and the steps in which it is written.
const seconds = { __proto__: null, ns: 1e-9, 'µs': 1e-6, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
const spans = [[1e-9, 'ns'], [1e-6, 'µs'], [1e-3, 'ms'], [1, 's'], [60, 'min'], [3600, 'hour'], [86400, 'day'], [604800, 'week'], [31536000, 'year']];

function duration(value, unit, decimals) {
  const inSeconds = value * seconds[unit];
  const size = Math.abs(inSeconds);
  if (size === 0) return { text: fixed(0, decimals), suffix: ` ${spans.find((span) => span[0] === seconds[unit])[1]}${seconds[unit] > 1 ? 's' : ''}` };
  let at = spans.length - 1;
  // A thousandth of tolerance, or 60 seconds less a rounding error would be written as 60 s.
  while (at > 0 && size < spans[at][0] * 0.9999999) at--;
  if (spans[at][1] === 'week' && (unit === 'ms' || unit === 'ns' || unit === 'µs')) at--;
  const text = fixed(inSeconds / spans[at][0], decimals);
  const word = spans[at][1];
  return { text, suffix: ` ${word}${at > 3 && Number(text) !== 1 ? 's' : ''}` };
}

const parts = [['year', 31536000], ['month', 2628000], ['week', 604800], ['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1], ['millisecond', 0.001]];

/** `2 days, 3 hours`: one part more than there are decimals. */
function longDuration(valueSeconds, decimals) {
  if (valueSeconds === 0) return '0 seconds';
  let rest = Math.abs(valueSeconds);
  let left = (decimals ?? 0) + 1;
  const words = [];
  for (const [word, size] of parts) {
    const whole = Math.floor(rest / size + 1e-9);
    if (left > 0 && (whole > 0 || words.length > 0)) {
      words.push(`${whole} ${word}${whole === 1 ? '' : 's'}`);
      left--;
    }
    rest -= whole * size;
  }
  return words.join(', ') + (valueSeconds < 0 ? ' ago' : '');
}

const two = (number) => String(number).padStart(2, '0');
function clock(valueSeconds, days) {
  let rest = Math.floor(Math.abs(valueSeconds));
  const sign = valueSeconds < 0 ? '-' : '';
  const whole = days ? Math.floor(rest / 86400) : 0;
  rest -= whole * 86400;
  const time = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
  return sign + (days ? `${whole} d ${time}` : time);
}

let zone;
/** Dates are written in this zone (an IANA name; undefined is the browser's). */
export function setZone(name) {
  if (name === zone) return;
  zone = name;
  calendar = null;
}

let calendar = null;
/** Year to second of a time in milliseconds, as texts, in the zone in force. */
export function dateParts(time) {
  calendar ??= new Intl.DateTimeFormat('en-CA', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const result = {};
  for (const part of calendar.formatToParts(time)) result[part.type] = part.value;
  return result;
}

function date(value, id) {
  if (!Number.isFinite(value) || Math.abs(value) > 8.64e15) return fixed(value);
  if (id.startsWith('dateTimeFromNow')) return fromNow(value);
  const d = dateParts(value);
  const today = dateParts(Date.now());
  const same = d.year === today.year && d.month === today.month && d.day === today.day;
  const time = `${d.hour}:${d.minute}:${d.second}`;
  if (id.endsWith('NoDateIfToday') && same) return time;
  if (id.startsWith('dateTimeAsUS')) return `${d.month}/${d.day}/${d.year} ${Number(d.hour) % 12 || 12}:${d.minute}:${d.second} ${Number(d.hour) < 12 ? 'am' : 'pm'}`;
  if (id.startsWith('dateTimeAsLocal')) return new Date(value).toLocaleString(undefined, { timeZone: zone });
  return `${d.year}-${d.month}-${d.day} ${time}`;
}

function fromNow(value) {
  const away = (value - Date.now()) / 1000;
  const size = Math.abs(away);
  if (size < 45) return away > 0 ? 'in a few seconds' : 'a few seconds ago';
  const [word, length] = parts.slice(0, 6).find((part) => part[0] !== 'week' && size >= part[1] * 0.75) ?? parts[5];
  const number = Math.max(1, Math.round(size / length));
  const text = `${number} ${word}${number === 1 ? '' : 's'}`;
  return away > 0 ? `in ${text}` : `${text} ago`;
}

/** A date after a pattern of `YYYY`, `MM`, `DD`, `HH`, `mm`, `ss` and their like. */
function patterned(value, pattern) {
  const d = dateParts(value);
  const words = { YYYY: d.year, YY: d.year.slice(2), MM: d.month, M: Number(d.month), DD: d.day, D: Number(d.day), HH: d.hour, H: Number(d.hour), mm: d.minute, m: Number(d.minute), ss: d.second, s: Number(d.second) };
  return pattern.replace(/\[([^\]]*)\]|YYYY|YY|MM?|DD?|HH?|mm?|ss?/g, (word, literal) => literal ?? words[word]);
}

function scaled(value, unit, decimals) {
  let step = unit.zero + unit.offset;
  let number = value;
  const last = unit.names.length - 1;
  // What rounding would carry over belongs to the next step: 999.999 k is 1 M.
  while (step < last && Math.abs(Number(Math.abs(number).toPrecision(6))) >= unit.base) {
    number /= unit.base;
    step++;
  }
  while (step > 0 && unit.zero > 0 && number !== 0 && Math.abs(number) < 1) {
    number *= unit.base;
    step--;
  }
  return { text: fixed(number, decimals), suffix: suffixOf(unit, step) };
}

function suffixOf(unit, step) {
  const prefix = unit.names[step] ?? '';
  const between = unit.names === money && prefix && unit.name ? ' ' : '';
  const suffix = prefix + between + unit.name;
  return suffix ? ` ${suffix}` : '';
}

/** What the id means: a table entry, made up on the fly for `suffix:x`, `si:mX`, `count:x` and unknown ids. */
function unitOf(id) {
  if (units[id]) return units[id];
  const colon = id.indexOf(':');
  const rest = id.slice(colon + 1);
  if (colon > 0) {
    switch (id.slice(0, colon)) {
      case 'suffix': return plain(rest);
      case 'prefix': return { before: rest };
      case 'count': return count(rest);
      case 'currency': return { ...scale(1000, money, ''), before: rest };
      case 'si': {
        const offset = metric.indexOf(rest[0]);
        return offset >= 0 && rest.length > 1 && offset !== one ? si(rest.slice(1), offset - one) : si(rest);
      }
    }
  }
  if (id.startsWith('currency')) {
    const code = id.slice(8);
    const symbol = currencies[code];
    if (symbol) return behindNumber.has(code) ? scale(1000, money, symbol) : { ...scale(1000, money, ''), before: symbol };
  }
  return plain(id);
}

/** The number as text with what stands before and behind it. `value` is a number; null and NaN are the caller's. */
export function format(value, unit, decimals = null) {
  const id = unit || 'none';
  if (typeof value !== 'number') return { prefix: '', text: String(value), suffix: '' };
  if (seconds[id] && Number.isFinite(value)) return { prefix: '', ...duration(value, id, decimals) };
  const word = words(value, id, decimals);
  if (word !== null) return { prefix: '', text: word, suffix: '' };
  const entry = unitOf(id);
  if (entry.base) {
    if (!Number.isFinite(value)) return { prefix: '', text: fixed(value), suffix: '' };
    const made = scaled(value, entry, decimals);
    return entry.before ? { prefix: entry.before, text: made.text, suffix: made.suffix.trim() } : { prefix: '', ...made };
  }
  if (entry.before) return { prefix: entry.before, text: fixed(value, decimals), suffix: '' };
  const suffix = entry.plain && !entry.tight ? ` ${entry.plain}` : entry.plain;
  return { prefix: '', text: fixed(value * (entry.factor ?? 1), decimals), suffix };
}

/** Units that make words of a number rather than put something beside it; null for all others. */
function words(value, id, decimals) {
  switch (id) {
    case 'bool': return value ? 'True' : 'False';
    case 'bool_yes_no': return value ? 'Yes' : 'No';
    case 'bool_on_off': return value ? 'On' : 'Off';
    case 'string': return String(value);
    case 'dtdurations': return longDuration(value, decimals);
    case 'dtdurationms': return longDuration(value / 1000, decimals);
    case 'timeticks': return longDuration(value / 100, decimals);
    case 'dthms': return clock(value, false);
    case 'dtdhms': return clock(value, true);
    case 'clocks': return clock(value, false);
    case 'clockms': return clock(value / 1000, false);
    case 'hex': return Math.round(value).toString(16).toUpperCase();
    case 'hex0x': return '0x' + Math.round(value).toString(16).toUpperCase();
    case 'sci': return value.toExponential(decimals ?? undefined);
    case 'locale': return value.toLocaleString(undefined, decimals === null ? undefined : { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  }
  if (id.startsWith('dateTime')) return date(value, id);
  if (id.startsWith('time:')) return Number.isFinite(value) ? patterned(value, id.slice(5)) : fixed(value);
  if (id.startsWith('bool:')) return id.slice(5).split('/')[value ? 0 : 1] ?? '';
  return null;
}

/** The formatted number as one string. */
export function formatText(value, unit, decimals = null) {
  const made = format(value, unit, decimals);
  return made.prefix + made.text + made.suffix;
}

/** How an axis counts in this unit: its base, and for durations how long one is in seconds. */
export function axisKind(unit) {
  if (seconds[unit]) return { kind: 'duration', seconds: seconds[unit], spans };
  const word = unit ? unitOf(unit) : units.none;
  return { kind: word.base === 1024 ? 'binary' : 'decimal', unit: word, factor: word.factor ?? 1 };
}

/** A number of an axis: all of an axis' numbers are written in the step of its greatest one. */
export function axisText(value, unit, greatest, increment, decimals) {
  // As many decimals as the steps need, not the board's: 50.00 % says no more than 50 %, and 2, 2, 3 for 1.5, 2, 2.5 lies.
  if (words(0, unit || 'none', 0) !== null) return formatText(value, unit, decimals);
  const { kind, unit: entry, factor, seconds: size } = axisKind(unit);
  if (kind === 'duration') {
    // The largest unit in which the steps are short numbers: 90 days rather than 12.857 weeks.
    let at = spans.length - 1;
    while (at > 0 && (greatest * size < spans[at][0] * 1.5 || decimalsOf(increment * size / spans[at][0]) > 1)) at--;
    const number = value * size / spans[at][0];
    const text = value === 0 ? '0' : fixed(number, decimalsOf(increment * size / spans[at][0]));
    return `${text} ${spans[at][1]}${at > 3 && text !== '1' ? 's' : ''}`;
  }
  if (entry.base && Number.isFinite(greatest)) {
    let step = entry.zero + entry.offset;
    let divisor = 1;
    while (step < entry.names.length - 1 && greatest / divisor >= entry.base) { divisor *= entry.base; step++; }
    while (step > 0 && entry.zero > 0 && greatest > 0 && greatest / divisor < 1) { divisor /= entry.base; step--; }
    const suffix = suffixOf(entry, value === 0 ? entry.zero + (entry.zero ? 0 : entry.offset) : step);
    return (entry.before ?? '') + fixed(value / divisor, value === 0 ? 0 : decimalsOf(increment / divisor)) + (entry.before ? suffix.trim() : suffix);
  }
  const made = format(value, unit, decimalsOf(increment * factor));
  return made.prefix + made.text + made.suffix;
}

/** Decimals that a step of an axis needs. */
export function decimalsOf(increment) {
  if (!(increment > 0)) return 0;
  for (let decimals = 0; decimals < 12; decimals++) {
    const shifted = increment * 10 ** decimals;
    if (Math.abs(shifted - Math.round(shifted)) < 1e-6 * shifted) return decimals;
  }
  return 12;
}
