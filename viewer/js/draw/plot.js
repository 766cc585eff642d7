// A plot over time: two canvases (the picture, and above it the crosshair, so that hovering redraws nothing), the time
// axis, and everything that a pointer, a finger or a key can do to it.

import { Surface, font, fitted, textWidth } from './canvas.js';
import { alpha } from './colors.js';
import { timeTicks } from './scale.js';

const small = font(11);
export const axisHeight = 22;

/** What a zone is ahead of UTC in milliseconds at a time; the browser knows, quarter of an hour by quarter of an hour. */
export function offsetIn(format) {
  const zone = format.timeZone;
  if (zone === 'UTC') return () => 0;
  if (!zone) return (time) => -new Date(time).getTimezoneOffset() * 60000;
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
  return (time) => {
    const found = {};
    for (const part of parts.formatToParts(time)) found[part.type] = Number(part.value);
    return Date.UTC(found.year, found.month - 1, found.day, found.hour, found.minute, found.second) - Math.floor(time / 1000) * 1000;
  };
}

const labels = new Map();
function tickLabel(tick, format) {
  const key = `${tick.time}${tick.style}${format.zone}${format.locale}`;
  let text = labels.get(key);
  if (text === undefined) {
    if (labels.size > 3000) labels.clear();
    const write = { millisecond: format.timeSeconds, second: format.timeSeconds, minute: format.time, day: format.date, month: format.month, year: format.month }[tick.style];
    text = write(tick.time);
    if (tick.style === 'millisecond') text += '.' + String(((tick.time % 1000) + 1000) % 1000).padStart(3, '0');
    labels.set(key, text);
  }
  return text;
}

export class TimePlot {
  /**
   * `hooks`: `paint(context, area)` draws the picture, `mark(context, area, time)` the points at the crosshair,
   * `hover(time, x, y)` and `leave()` tell of the pointer, `pin(time, x, y)` of a click, `step()` is the data's step in ms.
   */
  constructor(host, context, hooks) {
    this.context = context;
    this.hooks = hooks;
    this.surface = new Surface('plot');
    this.overlay = new Surface('plot overlay');
    host.append(this.surface.element, this.overlay.element);
    this.area = { left: 0, top: 0, width: 0, height: 0 };
    this.from = 0;
    this.to = 1;
    this.time = null;
    this.drag = null;
    this.marked = false;
    const canvas = this.overlay.element;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'img');
    canvas.addEventListener('pointermove', (event) => this.moved(event));
    // A finger that is lifted has not gone elsewhere: what it pointed at stays until the next tap.
    canvas.addEventListener('pointerleave', (event) => event.pointerType === 'touch' || this.left());
    canvas.addEventListener('pointerdown', (event) => this.pressed(event));
    canvas.addEventListener('pointerup', (event) => this.released(event));
    canvas.addEventListener('pointercancel', () => this.cancelled());
    canvas.addEventListener('keydown', (event) => this.key(event));
    canvas.addEventListener('blur', () => this.left());
    this.offset = offsetIn(context.format);
  }

  resize(width, height) {
    this.surface.resize(width, height);
    this.overlay.resize(width, height);
  }

  setMargins(left, right, top, bottom) {
    const { area, surface } = this;
    area.left = Math.round(left);
    area.top = Math.round(top);
    area.width = Math.max(1, Math.round(surface.width - left - right));
    area.height = Math.max(1, Math.round(surface.height - top - bottom));
  }

  xOf(time) {
    return this.area.left + (time - this.from) / (this.to - this.from) * this.area.width;
  }

  timeAt(x) {
    const share = Math.min(1, Math.max(0, (x - this.area.left) / this.area.width));
    return this.from + share * (this.to - this.from);
  }

  draw() {
    this.surface.clear();
    if (this.surface.width < 20 || this.surface.height < 20) return;
    this.hooks.paint(this.surface.context, this.area);
    if (this.time !== null) this.drawOverlay();
  }

  /** Ticks and grid lines of the time axis; the caller's picture goes over them. */
  drawTimeAxis(theme, withGrid = true) {
    const { context } = this.surface;
    const { area } = this;
    const room = Math.max(2, Math.floor(area.width / 84));
    if (this.tickKey !== `${this.from} ${this.to} ${room}`) {
      this.tickKey = `${this.from} ${this.to} ${room}`;
      this.ticks = timeTicks(this.from, this.to, room, this.offset);
    }
    context.font = small;
    context.textBaseline = 'middle';
    context.textAlign = 'center';
    const bottom = area.top + area.height;
    let last = -Infinity;
    for (const tick of this.ticks) {
      const x = Math.round(this.xOf(tick.time)) + 0.5;
      if (withGrid) {
        context.fillStyle = theme.grid;
        context.fillRect(x - 0.5, area.top, 1, area.height);
      }
      const label = tickLabel(tick, this.context.format);
      const half = textWidth(label, small) / 2;
      // A label at the edge moves in rather than out of the panel; it may come to stand beside its tick by that.
      const centre = Math.min(Math.max(x, half + 1), this.surface.width - half - 1);
      if (centre - half < last + 10) continue;
      last = centre + half;
      context.fillStyle = tick.style === 'day' || tick.style === 'year' ? theme.text : theme.muted;
      context.fillText(label, centre, bottom + 12);
    }
  }

  crosshair(time) {
    if (time === this.time) return;
    this.time = time;
    this.schedule();
  }

  schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.drawOverlay();
    });
  }

  drawOverlay() {
    const { overlay, area, time } = this;
    const { context } = overlay;
    if (this.marked) overlay.clear();
    this.marked = false;
    const theme = this.theme;
    if (!theme) return;
    if (this.drag?.moving) {
      const a = Math.min(this.drag.x, this.drag.now);
      const b = Math.max(this.drag.x, this.drag.now);
      context.fillStyle = alpha(theme.link, 0.16);
      context.fillRect(a, area.top, b - a, area.height);
      context.fillStyle = alpha(theme.link, 0.8);
      context.fillRect(a, area.top, 1, area.height);
      context.fillRect(b - 1, area.top, 1, area.height);
      this.marked = true;
    } else if (time !== null && time >= this.from && time <= this.to) {
      context.fillStyle = theme.cross;
      context.fillRect(Math.round(this.xOf(time)), area.top, 1, area.height);
      this.hooks.mark?.(context, area, time);
      this.marked = true;
    }
  }

  local(event) {
    const box = this.overlay.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  inside(x, y) {
    const { area } = this;
    return x >= area.left - 4 && x <= area.left + area.width + 4 && y >= area.top - 4 && y <= area.top + area.height + axisHeight;
  }

  moved(event) {
    const [x, y] = this.local(event);
    if (this.drag) {
      this.drag.now = Math.min(this.area.left + this.area.width, Math.max(this.area.left, x));
      if (Math.abs(this.drag.now - this.drag.x) > 5) this.drag.moving = true;
      if (this.drag.moving) {
        this.hooks.leave();
        this.schedule();
        return;
      }
    }
    if (!this.inside(x, y)) return this.left();
    this.point(this.timeAt(x), x, y);
  }

  point(time, x, y) {
    this.crosshair(time);
    this.hooks.hover(time, x, y);
    this.context.onCrosshair?.(time);
  }

  left() {
    if (this.drag?.moving || this.time === null) return;
    this.crosshair(null);
    this.hooks.leave();
    this.context.onCrosshair?.(null);
  }

  pressed(event) {
    if (event.button !== 0) return;
    const [x, y] = this.local(event);
    if (!this.inside(x, y)) return;
    // A finger moves the crosshair; only a mouse or a pen draws a range to zoom into.
    if (event.pointerType === 'touch') return this.point(this.timeAt(x), x, y);
    this.drag = { x: Math.min(this.area.left + this.area.width, Math.max(this.area.left, x)), now: x, moving: false };
    this.overlay.element.setPointerCapture(event.pointerId);
  }

  released(event) {
    const { drag } = this;
    this.drag = null;
    if (!drag) return;
    if (!drag.moving) {
      const [x, y] = this.local(event);
      return this.hooks.pin?.(this.timeAt(x), x, y);
    }
    this.crosshair(null);
    this.schedule();
    const a = this.timeAt(Math.min(drag.x, drag.now));
    const b = this.timeAt(Math.max(drag.x, drag.now));
    if (b - a >= 1000) this.context.onZoom?.(Math.round(a), Math.round(b));
  }

  cancelled() {
    this.drag = null;
    this.schedule();
  }

  key(event) {
    const step = Math.max(this.hooks.step?.() ?? 0, (this.to - this.from) / this.area.width) * (event.shiftKey ? 10 : 1);
    const now = this.time ?? (event.key === 'ArrowRight' ? this.from - step : this.to + step);
    let next;
    if (event.key === 'ArrowLeft') next = now - step;
    else if (event.key === 'ArrowRight') next = now + step;
    else if (event.key === 'Home') next = this.from;
    else if (event.key === 'End') next = this.to;
    else if (event.key === 'Escape') {
      this.drag = null;
      return this.left();
    } else if (event.key === 'Enter' && this.time !== null) return this.hooks.pin?.(this.time, this.xOf(this.time), this.area.top + this.area.height / 3);
    else return;
    event.preventDefault();
    next = Math.min(this.to, Math.max(this.from, next));
    this.point(next, this.xOf(next), this.area.top + this.area.height / 3);
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    this.surface.element.remove();
    this.overlay.element.remove();
  }
}

/** Annotations are thin lines with a foot on the time axis; `regions` have a tint. */
export function drawAnnotations(context, area, plot, annotations, colorOf) {
  for (const annotation of annotations) {
    if (annotation.time > plot.to || (annotation.timeEnd ?? annotation.time) < plot.from) continue;
    const x = Math.round(plot.xOf(annotation.time));
    const color = colorOf(annotation.color);
    if (annotation.timeEnd > annotation.time) {
      context.fillStyle = alpha(color, 0.1);
      context.fillRect(Math.max(area.left, x), area.top, Math.min(plot.xOf(annotation.timeEnd), area.left + area.width) - Math.max(area.left, x), area.height);
    }
    if (x < area.left) continue;
    context.strokeStyle = color;
    context.lineWidth = 1;
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(x + 0.5, area.top);
    context.lineTo(x + 0.5, area.top + area.height);
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = color;
    context.beginPath();
    context.moveTo(x - 3.5, area.top + area.height + 6);
    context.lineTo(x + 4.5, area.top + area.height + 6);
    context.lineTo(x + 0.5, area.top + area.height);
    context.fill();
  }
}

/** A rotated title at an axis. */
export function drawAxisTitle(context, text, x, area, theme) {
  context.save();
  context.translate(x, area.top + area.height / 2);
  context.rotate(-Math.PI / 2);
  context.font = small;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = theme.muted;
  context.fillText(fitted(text, area.height, small), 0, 0);
  context.restore();
}
