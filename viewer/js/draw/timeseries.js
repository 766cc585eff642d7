// Draws one series into a plot: lines, areas, steps, bars and points. Nothing is allocated for a point; what is denser
// than the screen's pixels is drawn as each column's lowest and highest value, so that a spike of one sample stays.

import { clamp } from './canvas.js';
import { alpha, isRamp, mix, rampOf, steps } from './colors.js';
import { shareOf } from './scale.js';

// The series in pixels: across, its line, what it stands on, and the slopes of a smooth line.
let [xs, ys, bs, slopes] = Array.from({ length: 4 }, () => new Float32Array(4096));
let count = 0;

function grow() {
  [xs, ys, bs, slopes] = [xs, ys, bs, slopes].map((array) => {
    const wider = new Float32Array(array.length * 2);
    wider.set(array);
    return wider;
  });
}

function push(x, y, base) {
  if (count >= xs.length) grow();
  xs[count] = x;
  ys[count] = y;
  bs[count++] = base;
}

const bounded = (y) => y < -20000 ? -20000 : y > 20000 ? 20000 : y;

/** Where a value lies, in pixels from the top. */
export function valueY(axis, area, value) {
  return bounded(area.top + area.height * (1 - shareOf(axis, value)));
}

/** The height of thresholds and other bounds, never outside the area. */
export const boundY = (axis, area, value) => area.top + area.height * (1 - clamp(shareOf(axis, value)));

/** What a line may leap over, in seconds: everything, so many milliseconds, or nothing. */
export const leapOf = (spanNulls) => spanNulls === true ? Infinity : typeof spanNulls === 'number' ? spanNulls / 1000 : 0;

/** First index whose time is at least `time`. */
export function lowerBound(times, time) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First and last index, and one more on either side, of the samples between two times in milliseconds. */
export const sightOf = (times, from, to) => [Math.max(0, lowerBound(times, from / 1000) - 1), Math.min(times.length, lowerBound(times, to / 1000) + 1)];

/** Fills the scratch arrays with the series in pixels; NaN in `xs` separates its runs. */
function project(item, area, from, to, axis) {
  count = 0;
  const times = item.drawnTimes;
  const values = item.drawn;
  const base = item.base;
  const [begin, end] = sightOf(times, from, to);
  const scaleX = area.width / (to - from) * 1000;
  const shiftX = area.left - from / 1000 * scaleX;
  const linear = !axis.log;
  const scaleY = area.height / (axis.max - axis.min);
  const bottom = area.top + area.height;
  const ground = groundY(axis, area);
  const dense = (end - begin) > area.width * 2 && item.drawStyle !== 'points';
  const limit = leapOf(item.spanNulls);
  let gap = false;
  let lastTime = NaN;
  let column = NaN;
  let lowY = 0, highY = 0, lastY = 0, lowAt = 0, highAt = 0, lastBase = ground;
  for (let at = begin; at < end; at++) {
    const value = values[at];
    if (value !== value) {
      gap = true;
      continue;
    }
    const time = times[at];
    const x = shiftX + time * scaleX;
    const y = linear ? bounded(bottom - (value - axis.min) * scaleY) : valueY(axis, area, value);
    const under = base === null ? ground : linear ? bounded(bottom - (base[at] - axis.min) * scaleY) : valueY(axis, area, base[at]);
    const broken = gap && time - lastTime > limit;
    if (dense) {
      const next = Math.floor(x);
      if (next !== column || broken) {
        if (column === column) flush(column + 0.5, lowY, highY, lastY, lowAt, highAt, lastBase);
        if (broken && count > 0) push(NaN, 0, 0);
        column = next;
        push(x, y, under);
        lowY = highY = y;
        lowAt = highAt = at;
      } else if (y < lowY) {
        lowY = y;
        lowAt = at;
      } else if (y > highY) {
        highY = y;
        highAt = at;
      }
      lastY = y;
      lastBase = under;
    } else {
      if (broken && count > 0) push(NaN, 0, 0);
      push(x, y, under);
    }
    gap = false;
    lastTime = time;
  }
  if (dense && column === column) flush(column + 0.5, lowY, highY, lastY, lowAt, highAt, lastBase);
}

function flush(x, lowY, highY, lastY, lowAt, highAt, base) {
  if (lowY === highY) return;
  push(x, lowAt < highAt ? lowY : highY, base);
  push(x, lowAt < highAt ? highY : lowY, base);
  push(x, lastY, base);
}

/** Where areas and bars stand: zero, or the end of the axis next to it. */
function groundY(axis, area) {
  if (axis.log) return area.top + area.height;
  return valueY(axis, area, Math.min(axis.max, Math.max(axis.min, 0)));
}

/** Leads the path from one point on to another, forwards along a line or back along the lower edge of its area. */
function trace(context, from, to, interpolation, heights) {
  const way = to > from ? 1 : -1;
  const isSmooth = interpolation === 'smooth';
  const isAfter = interpolation === 'stepAfter';
  const isStep = isAfter || interpolation === 'stepBefore';
  if (isSmooth) tangents(Math.min(from, to), Math.max(from, to), heights);
  for (let at = from; at !== to; at += way) {
    const next = at + way;
    if (isSmooth) {
      const third = (xs[next] - xs[at]) / 3;
      context.bezierCurveTo(xs[at] + third, heights[at] + slopes[at] * third, xs[next] - third, heights[next] - slopes[next] * third, xs[next], heights[next]);
      continue;
    }
    // A step has a corner: after its sample a value holds until the next one, before it since the last.
    if (isStep) context.lineTo(xs[isAfter === way > 0 ? next : at], heights[isAfter === way > 0 ? at : next]);
    context.lineTo(xs[next], heights[next]);
  }
}

/** Slopes of a curve that never goes beyond its points: a smooth line must not invent a peak. */
function tangents(from, to, heights) {
  const slope = (at) => xs[at + 1] > xs[at] ? (heights[at + 1] - heights[at]) / (xs[at + 1] - xs[at]) : 0;
  for (let at = from; at <= to; at++) {
    const before = at > from ? slope(at - 1) : 0;
    const after = at < to ? slope(at) : 0;
    slopes[at] = before * after <= 0 ? 0 : 2 * before * after / (before + after);
  }
}

/** Colour by height: thresholds with hard edges or a ramp, as a gradient over the axis. */
function schemePaint(context, item, axis, area, theme, opacity) {
  const gradient = context.createLinearGradient(0, area.top + area.height, 0, area.top);
  const mode = item.field.color?.mode;
  if (isRamp(mode)) {
    const ramp = rampOf(mode, theme);
    ramp.forEach((color, at) => gradient.addColorStop(at / Math.max(1, ramp.length - 1), alpha(color, opacity)));
    return gradient;
  }
  const list = steps(item.field.thresholds, theme, item.field.min ?? axis.min, item.field.max ?? axis.max);
  for (const [at, step] of list.entries()) {
    const begin = at === 0 ? 0 : clamp(shareOf(axis, step.value));
    const end = at + 1 < list.length ? clamp(shareOf(axis, list[at + 1].value)) : 1;
    for (const share of [begin, end]) gradient.addColorStop(share, alpha(step.color, opacity));
  }
  return gradient;
}

function fillPaint(context, item, axis, area, theme) {
  const opacity = item.fillOpacity / 100;
  const { gradientMode, color } = item;
  if (gradientMode === 'scheme') return schemePaint(context, item, axis, area, theme, opacity);
  const isHue = gradientMode === 'hue';
  if (gradientMode !== 'opacity' && !isHue) return alpha(color, opacity);
  let top = area.top + area.height;
  for (let at = 0; at < count; at++) if (xs[at] === xs[at] && ys[at] < top) top = ys[at];
  const gradient = context.createLinearGradient(0, Math.max(area.top, top), 0, area.top + area.height);
  gradient.addColorStop(0, alpha(isHue ? mix(color, theme.text, 0.25) : color, opacity));
  gradient.addColorStop(1, alpha(color, opacity * (isHue ? 1 : 0.08)));
  return gradient;
}

const dashes = { dash: [10, 8], dot: [1, 5], square: [4, 4] };

/** Draws a prepared item (see stack.js) with its `axis` into `area`. */
export function drawSeries(context, item, axis, area, from, to, theme) {
  project(item, area, from, to, axis);
  if (count === 0) return;
  const stroke = item.gradientMode === 'scheme' ? schemePaint(context, item, axis, area, theme, 1) : item.color;
  if (item.drawStyle === 'bars') drawBars(context, item, axis, area, from, to, theme, stroke);
  else {
    if (item.drawStyle !== 'points') drawLine(context, item, axis, area, theme, stroke);
    drawPoints(context, item, stroke);
  }
}

/**
 * Lines and areas, run by run: the line is traced and stroked, then the same path is led back along the ground and
 * filled. What the area lays over its own line is the line's colour.
 */
function drawLine(context, item, axis, area, theme, stroke) {
  const filled = item.fillOpacity > 0;
  const style = item.lineStyle;
  const dash = style && style.fill !== 'solid' ? style.dash ?? dashes[style.fill] : null;
  if (filled) context.fillStyle = fillPaint(context, item, axis, area, theme);
  context.strokeStyle = stroke;
  context.lineWidth = item.lineWidth || 1;
  context.lineJoin = 'round';
  context.lineCap = style?.fill === 'dot' ? 'round' : 'butt';
  if (dash) context.setLineDash(dash);
  let from = 0;
  for (let at = 0; at <= count; at++) {
    if (at < count && xs[at] === xs[at]) continue;
    if (at - from > 1) {
      context.beginPath();
      context.moveTo(xs[from], ys[from]);
      trace(context, from, at - 1, item.lineInterpolation, ys);
      if (item.lineWidth > 0) context.stroke();
      if (filled) {
        context.lineTo(xs[at - 1], bs[at - 1]);
        if (item.base === null) context.lineTo(xs[from], bs[from]);
        else trace(context, at - 1, from, item.lineInterpolation, bs);
        context.fill();
      }
    }
    from = at + 1;
  }
  if (dash) context.setLineDash([]);
}

function drawPoints(context, item, stroke) {
  const spacing = count > 1 ? (xs[count - 1] - xs[0]) / (count - 1) : Infinity;
  const all = item.drawStyle === 'points' || item.showPoints === 'always' || (item.showPoints === 'auto' && spacing > item.pointSize * 4);
  context.fillStyle = stroke;
  context.beginPath();
  let previous = NaN;
  for (let at = 0; at < count; at++) {
    const x = xs[at];
    // A sample between two gaps has no line: without a dot it would not be seen at all.
    const alone = previous !== previous && (at + 1 >= count || xs[at + 1] !== xs[at + 1]);
    previous = x;
    if (x !== x || !(all || alone)) continue;
    const radius = all ? item.pointSize / 2 : Math.max(1.5, item.lineWidth);
    context.moveTo(x + radius, ys[at]);
    context.arc(x, ys[at], radius, 0, Math.PI * 2);
  }
  context.fill();
}

function drawBars(context, item, axis, area, from, to, theme, stroke) {
  const times = item.drawnTimes;
  // The usual distance, not the first: a series may begin after a gap.
  const step = times.length > 1 ? (times[times.length - 1] - times[0]) / (times.length - 1) : (to - from) / 1000 / 10;
  const space = step * 1000 / (to - from) * area.width;
  // Bars of a few pixels with gaps between them flicker: they touch.
  const width = Math.max(1, Math.min(item.barMaxWidth, space < 6 ? space : space * item.barWidthFactor));
  const shift = item.barAlignment === -1 ? -width : item.barAlignment === 1 ? 0 : -width / 2;
  const border = space >= 6 && width > 3 && item.lineWidth > 0 ? item.lineWidth : 0;
  context.fillStyle = item.fillOpacity > 0 ? fillPaint(context, item, axis, area, theme) : stroke;
  context.strokeStyle = stroke;
  context.lineWidth = border || 1;
  context.beginPath();
  for (let at = 0; at < count; at++) {
    if (xs[at] !== xs[at]) continue;
    const top = Math.min(ys[at], bs[at]);
    const height = Math.abs(ys[at] - bs[at]);
    context.rect(xs[at] + shift + border / 2, top + border / 2, width - border, Math.max(height - border, height > 0 ? 0.5 : 0));
  }
  if (item.fillOpacity > 0 || border === 0) context.fill();
  if (border > 0) context.stroke();
}
