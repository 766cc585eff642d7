// A plot over time: two canvases (the picture, and above it the crosshair, so that hovering redraws nothing), the time
// axis, and everything that a pointer, a finger or a key can do to it.

import { clamp, drawLine, fillBox, fitted, remembered, Surface, textWidth, write } from './canvas.js';
import { alpha, named } from './colors.js';
import { calendarOf, partsOf } from './dates.js';
import { timeTicks } from './scale.js';

export const axisHeight = 22;

/** What a zone is ahead of UTC in milliseconds at a time; the browser knows, quarter of an hour by quarter of an hour. */
export function offsetIn({ timeZone }) {
  if (timeZone === 'UTC') return () => 0;
  if (!timeZone) return (time) => -new Date(time).getTimezoneOffset() * 60000;
  const calendar = calendarOf(timeZone);
  return (time) => {
    const { year, month, day, hour, minute, second } = partsOf(time, calendar);
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000;
  };
}

const writers = { millisecond: 'timeSeconds', second: 'timeSeconds', minute: 'time', day: 'date', month: 'month', year: 'month' };
const tickLabel = remembered(3000, (_, { time, style }, format) =>
  format[writers[style]](time) + (style === 'millisecond' ? `.${String(((time % 1000) + 1000) % 1000).padStart(3, '0')}` : ''));

/**
 * `hooks`: `paint(context, area)` draws the picture, `mark(context, area, time)` the points at the crosshair,
 * `hover(time, x, y)` and `leave()` tell of the pointer, `pin(time, x, y)` of a click, `step()` is the data's step in ms.
 */
export function makePlot(host, look, hooks) {
  const surface = new Surface('plot');
  const overlay = new Surface('plot overlay');
  const canvas = overlay.element;
  canvas.tabIndex = 0;
  canvas.role = 'img';
  host.append(surface.element, canvas);
  const area = { left: 0, top: 0, width: 0, height: 0 };
  const offset = offsetIn(look.format);
  let moment = null;
  let drag = null;
  let isMarked = false;
  let frame = 0;
  let ticks = [];
  let tickKey;

  const xOf = (time) => area.left + (time - plot.from) / (plot.to - plot.from) * area.width;
  const timeAt = (x) => plot.from + clamp((x - area.left) / area.width) * (plot.to - plot.from);
  const eyeHeight = () => area.top + area.height / 3;

  const drawOverlay = () => {
    const { context } = overlay;
    const { theme } = plot;
    if (isMarked) overlay.clear();
    isMarked = false;
    if (!theme) return;
    if (drag?.moving) {
      const [a, b] = [Math.min(drag.x, drag.now), Math.max(drag.x, drag.now)];
      fillBox(context, alpha(theme.link, 0.16), a, area.top, b - a, area.height);
      for (const x of [a, b - 1]) fillBox(context, alpha(theme.link, 0.8), x, area.top, 1, area.height);
      isMarked = true;
    } else if (moment !== null && moment >= plot.from && moment <= plot.to) {
      fillBox(context, theme.cross, Math.round(xOf(moment)), area.top, 1, area.height);
      hooks.mark?.(context, area, moment);
      isMarked = true;
    }
  };
  const schedule = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      drawOverlay();
    });
  };
  const crosshair = (time) => {
    if (time === moment) return;
    moment = time;
    schedule();
  };
  const point = (time, x, y) => {
    crosshair(time);
    hooks.hover(time, x, y);
    look.onCrosshair?.(time);
  };
  const left = () => {
    if (drag?.moving || moment === null) return;
    crosshair(null);
    hooks.leave();
    look.onCrosshair?.(null);
  };
  const local = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const isInside = (x, y) => x >= area.left - 4 && x <= area.left + area.width + 4 && y >= area.top - 4 && y <= area.top + area.height + axisHeight;
  const within = (x) => clamp(x, area.left, area.left + area.width);

  const pointers = {
    pointermove(event) {
      const [x, y] = local(event);
      if (drag) {
        drag.now = within(x);
        if (Math.abs(drag.now - drag.x) > 5) drag.moving = true;
        if (drag.moving) {
          hooks.leave();
          return schedule();
        }
      }
      if (isInside(x, y)) point(timeAt(x), x, y);
      else left();
    },
    // A finger that is lifted has not gone elsewhere: what it pointed at stays until the next tap.
    pointerleave(event) {
      if (event.pointerType !== 'touch') left();
    },
    pointerdown(event) {
      const [x, y] = local(event);
      if (event.button !== 0 || !isInside(x, y)) return;
      // A finger moves the crosshair; only a mouse or a pen draws a range to zoom into.
      if (event.pointerType === 'touch') return point(timeAt(x), x, y);
      drag = { x: within(x), now: x, moving: false };
      canvas.setPointerCapture(event.pointerId);
    },
    pointerup(event) {
      const done = drag;
      drag = null;
      if (!done) return;
      if (!done.moving) {
        const [x, y] = local(event);
        return hooks.pin?.(timeAt(x), x, y);
      }
      crosshair(null);
      schedule();
      const [from, to] = [done.x, done.now].sort((a, b) => a - b).map(timeAt);
      if (to - from >= 1000) look.onZoom?.(Math.round(from), Math.round(to));
    },
    pointercancel() {
      drag = null;
      schedule();
    },
    blur: left,
    keydown(event) {
      const { from, to } = plot;
      const step = Math.max(hooks.step() || 0, (to - from) / area.width) * (event.shiftKey ? 10 : 1);
      const moves = { ArrowLeft: (moment ?? to + step) - step, ArrowRight: (moment ?? from - step) + step, Home: from, End: to };
      if (event.key in moves) {
        event.preventDefault();
        const time = clamp(moves[event.key], from, to);
        point(time, xOf(time), eyeHeight());
      } else if (event.key === 'Escape') {
        drag = null;
        left();
      } else if (event.key === 'Enter' && moment !== null) hooks.pin?.(moment, xOf(moment), eyeHeight());
    },
  };
  for (const [name, listener] of Object.entries(pointers)) canvas.addEventListener(name, listener);

  const plot = {
    surface, canvas, area, from: 0, to: 1, theme: null, xOf, timeAt, crosshair, eyeHeight,

    resize(width, height) {
      surface.resize(width, height);
      overlay.resize(width, height);
    },

    setMargins(left, right, top, bottom) {
      area.left = Math.round(left);
      area.top = Math.round(top);
      area.width = Math.max(1, Math.round(surface.width - left - right));
      area.height = Math.max(1, Math.round(surface.height - top - bottom));
    },

    draw() {
      surface.clear();
      if (surface.width < 20 || surface.height < 20) return;
      hooks.paint(surface.context, area);
      if (moment !== null) drawOverlay();
    },

    /** Ticks and grid lines of the time axis; the caller's picture goes over them. */
    drawTimeAxis(withGrid = true) {
      const { context, width } = surface;
      const { from, to, theme } = plot;
      const room = Math.max(2, Math.floor(area.width / 84));
      if (tickKey !== `${from} ${to} ${room}`) {
        tickKey = `${from} ${to} ${room}`;
        ticks = timeTicks(from, to, room, offset);
      }
      let last = -Infinity;
      for (const tick of ticks) {
        const x = Math.round(xOf(tick.time)) + 0.5;
        if (withGrid) fillBox(context, theme.grid, x - 0.5, area.top, 1, area.height);
        const { format } = look;
        const label = tickLabel(`${tick.time}${tick.style}${format.zone}${format.locale}`, tick, format);
        const half = textWidth(label) / 2;
        // A label at the edge moves in rather than out of the panel; it may come to stand beside its tick by that.
        const centre = clamp(x, half + 1, width - half - 1);
        if (centre - half < last + 10) continue;
        last = centre + half;
        write(context, label, centre, area.top + area.height + 12, tick.style === 'day' || tick.style === 'year' ? theme.text : theme.muted, 'center');
      }
    },

    /** Annotations are thin lines with a foot on the time axis; those that last have a tint. */
    drawAnnotations(annotations) {
      const { context } = surface;
      const bottom = area.top + area.height;
      for (const { time, timeEnd = time, color: wanted } of annotations) {
        if (time > plot.to || timeEnd < plot.from) continue;
        const color = named(wanted ?? 'blue', plot.theme);
        const x = Math.round(xOf(time));
        const begin = Math.max(area.left, x);
        if (timeEnd > time) fillBox(context, alpha(color, 0.1), begin, area.top, within(xOf(timeEnd)) - begin, area.height);
        if (x < area.left) continue;
        drawLine(context, color, x + 0.5, area.top, x + 0.5, bottom, [4, 3]);
        context.fillStyle = color;
        context.beginPath();
        context.moveTo(x - 3.5, bottom + 6);
        context.lineTo(x + 4.5, bottom + 6);
        context.lineTo(x + 0.5, bottom);
        context.fill();
      }
    },

    destroy() {
      cancelAnimationFrame(frame);
      surface.element.remove();
      canvas.remove();
    },
  };
  return plot;
}

/** A rotated title at an axis. */
export function drawAxisTitle(context, text, x, area, theme) {
  context.save();
  context.translate(x, area.top + area.height / 2);
  context.rotate(-Math.PI / 2);
  write(context, fitted(text, area.height), 0, 0, theme.muted, 'center');
  context.restore();
}
