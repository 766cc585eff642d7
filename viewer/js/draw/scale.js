// Axes: round steps for values (decimal, binary or in time's own steps) and for times, and where they lie.

import { axisKind } from './units.js';

const durations = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000];

/** A round step of at least `rough`. */
export function niceStep(rough, unit) {
  const { kind, seconds, factor } = axisKind(unit);
  if (seconds && rough * seconds > 0.5) {
    const found = durations.find((step) => step >= rough * seconds);
    if (found) return found / seconds;
  }
  const base = kind === 'binary' && rough >= 1 ? 1024 ** Math.floor(Math.log2(rough) / 10) : 1;
  const share = rough * factor / base;
  const power = 10 ** Math.floor(Math.log10(share));
  const part = share / power;
  // In binary units halves and quarters read better than tenths: 256, 512, 1024.
  if (base > 1 || (kind === 'binary' && rough >= 1)) {
    const step = [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 512, 1024].find((size) => size >= share) ?? 1024;
    return step * base;
  }
  return (part <= 1 ? 1 : part <= 2 ? 2 : part <= 2.5 && power >= 10 ? 2.5 : part <= 5 ? 5 : 10) * power / factor;
}

/** The least and the greatest finite number of some lists; those that `isLeftOut` says do not count. */
export function extentOf(lists, isLeftOut = () => false) {
  let low = Infinity;
  let high = -Infinity;
  for (const values of lists) {
    for (const value of values) {
      if (!Number.isFinite(value) || isLeftOut(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

/**
 * The range of an axis and its ticks. `low` and `high` are the data's; `min` and `max` bind, `softMin` and `softMax`
 * are given up when the data go beyond. Free ends move out to a tick, so that the axis stands still while data breathe.
 */
export function valueAxis(low, high, { min, max, softMin, softMax, unit, decimals, room = 4, log = 0, centeredZero = false }) {
  const isSet = Number.isFinite;
  let from = isSet(min) ? min : isSet(softMin) ? Math.min(softMin, low) : low;
  let to = isSet(max) ? max : isSet(softMax) ? Math.max(softMax, high) : high;
  if (!Number.isFinite(from) || !Number.isFinite(to)) {
    from = isSet(min) ? min : 0;
    to = isSet(max) ? max : from + 1;
  }
  if (log > 1) return logAxis(from, to, log, isSet(min), isSet(max));
  if (centeredZero) {
    to = Math.max(Math.abs(from), Math.abs(to)) || 1;
    from = -to;
  }
  if (to <= from) {
    // A flat line lies in the middle, zero on the ground.
    if (isSet(min) && from === min) to = from + (Math.abs(from) || 1);
    else if (isSet(max) && to === max) from = to - (Math.abs(to) || 1);
    else if (from === 0) to = 1;
    else if (from > 0) { to = from * 2; from = 0; } else { from = from * 2; to = 0; }
  }
  // Data that begin near zero begin at zero.
  if (!isSet(min) && from > 0 && from < (to - from) * 0.35) from = 0;
  if (!isSet(max) && to < 0 && -to < (to - from) * 0.35) to = 0;
  let step = niceStep((to - from) / Math.max(1, room), unit);
  // What is counted in whole numbers has no ticks between them.
  const { kind, factor } = axisKind(unit);
  if (kind === 'decimal' && typeof decimals === 'number') step = Math.max(step, 10 ** -decimals / factor);
  const close = step * 1e-6;
  if (!isSet(min) && !(isSet(softMin) && from === softMin)) from = Math.floor((from + close) / step) * step;
  if (!isSet(max) && !(isSet(softMax) && to === softMax)) to = Math.ceil((to - close) / step) * step;
  const ticks = [];
  for (let tick = Math.ceil((from - close) / step); tick * step <= to + close && ticks.length < 60; tick++) ticks.push(clean(tick * step));
  return { min: from, max: to, ticks, step, log: 0 };
}

// 0.1 + 0.2 is written as 0.3.
const clean = (value) => Number(value.toPrecision(12));

function logAxis(from, to, base, fixedMin, fixedMax) {
  if (!(to > 0)) to = 1;
  if (!(from > 0)) from = to / base ** 4;
  const power = (value) => Math.log(value) / Math.log(base);
  let low = fixedMin ? power(from) : Math.floor(power(from) + 1e-9);
  let high = fixedMax ? power(to) : Math.ceil(power(to) - 1e-9);
  if (high <= low) high = low + 1;
  const ticks = [];
  const jump = Math.max(1, Math.ceil((high - low) / 6));
  for (let tick = Math.ceil(low - 1e-9); tick <= high + 1e-9; tick += jump) ticks.push(base ** tick);
  return { min: base ** low, max: base ** high, ticks, step: 0, log: base };
}

/** Share of the axis' height (0 at its lower end) at which a value lies; beyond the ends below 0 or above 1. */
export function shareOf(axis, value) {
  if (!axis.log) return (value - axis.min) / (axis.max - axis.min);
  return value > 0 ? Math.log(value / axis.min) / Math.log(axis.max / axis.min) : -0.05;
}

const day = 86400000;
// Milliseconds, then seconds, minutes, hours and days.
const timeSteps = [[1, 1, 2, 5, 10, 20, 50, 100, 200, 500], [1000, 1, 2, 5, 10, 15, 30], [60000, 1, 2, 5, 10, 15, 30], [3600000, 1, 2, 3, 6, 12], [day, 1, 2, 3, 7, 14]].flatMap(([size, ...counts]) => counts.map((count) => count * size));
const months = [1, 2, 3, 6, 12, 24, 60, 120];

/**
 * Ticks of a time axis, at most `room` of them. `offset(time)` is what the zone is ahead of UTC in milliseconds, so
 * that days begin at the reader's midnight. Each tick says how it wants to be written.
 */
export function timeTicks(from, to, room, offset) {
  const rough = (to - from) / Math.max(1, room);
  const result = [];
  if (!(to > from)) return result;
  const step = timeSteps.find((size) => size >= rough);
  if (!step) return monthTicks(from, to, rough, offset);
  let local = Math.ceil((from + offset(from)) / step) * step;
  // Weeks begin on Monday; the epoch was a Thursday.
  if (step >= 7 * day) local = Math.ceil((from + offset(from) - 4 * day) / step) * step + 4 * day;
  for (let count = 0; count < 200; count++, local += step) {
    // The offset of the very moment: across a clock change the ticks stay on round hours.
    const time = local - offset(local - offset(from));
    if (time > to) break;
    if (time < from) continue;
    const midnight = local % day === 0;
    result.push({ time, style: midnight ? 'day' : step >= 60000 ? 'minute' : step >= 1000 ? 'second' : 'millisecond' });
  }
  return result;
}

function monthTicks(from, to, rough, offset) {
  const size = months.find((count) => count * 30.4 * day >= rough) ?? 120;
  const first = new Date(from + offset(from));
  const result = [];
  let index = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth()) / size) * size;
  for (let count = 0; count < 100; count++, index += size) {
    const local = Date.UTC(Math.floor(index / 12), index % 12, 1);
    const time = local - offset(local);
    if (time > to) break;
    if (time >= from) result.push({ time, style: index % 12 === 0 ? 'year' : 'month' });
  }
  return result;
}
