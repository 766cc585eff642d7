// The value axes of a picture over time: which series share one, how far it reaches, its numbers, and the thresholds that lie on it.

import { drawLine, fillBox, widestOf, write } from '../draw/canvas.js';
import { alpha, readable, steps } from '../draw/colors.js';
import { drawAxisTitle } from '../draw/plot.js';
import { shareOf, valueAxis } from '../draw/scale.js';
import { boundY, sightOf, valueY } from '../draw/timeseries.js';
import { axisText } from '../draw/units.js';

/** An axis over `low` to `high` with its numbers as texts; shares of a whole are written in percent, whatever the unit. */
export function axisWithTexts(low, high, { field, isShare, room, log = 0 }) {
  const { axisSoftMin: softMin, axisSoftMax: softMax, axisCenteredZero } = field.custom ?? {};
  const [unit, decimals, min, max] = isShare ? ['percentunit', null, low < 0 ? -1 : 0, high > 0 ? 1 : 0] : [field.unit, field.decimals, field.min, field.max];
  const axis = valueAxis(low, high, { min, max, softMin, softMax, unit, decimals, room, log, centeredZero: axisCenteredZero === true });
  const greatest = Math.max(Math.abs(axis.min), Math.abs(axis.max));
  const texts = axis.ticks.map((tick) => log ? axisText(tick, unit, Math.abs(tick) * 1.5, Math.abs(tick)) : axisText(tick, unit, greatest, axis.step, decimals));
  // A unit of words, such as True and False, says the same of many numbers: once is enough.
  axis.texts = texts.map((text, at) => text === texts[at - 1] ? '' : text);
  return axis;
}

/** Series share an axis when their unit and the axis' settings are the same. */
export function axisKeyOf(field, isShare) {
  const { axisSoftMin, axisSoftMax, axisPlacement, axisLabel, scaleDistribution: scale } = field.custom ?? {};
  return [isShare ? 'percentunit' : field.unit, field.min, field.max, axisSoftMin, axisSoftMax, axisPlacement, axisLabel, scale?.type, scale?.log].join(' ');
}

const logOf = ({ custom }) => custom?.scaleDistribution?.type === 'log' ? custom.scaleDistribution.log ?? 2 : 0;

/** Least and greatest of what is drawn of some items between two times. */
function reachOf(items, log, from, to) {
  let low = Infinity;
  let high = -Infinity;
  for (const { drawnTimes, drawn, base, stackMode, drawStyle } of items) {
    const [begin, end] = sightOf(drawnTimes, from, to);
    for (let at = begin; at < end; at++) {
      const value = drawn[at];
      if (value !== value || value === Infinity || value === -Infinity || (log && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (!log && ((stackMode !== 'none' && base === null) || drawStyle === 'bars')) {
      low = Math.min(low, 0);
      high = Math.max(high, 0);
    }
  }
  return [low, high];
}

/** The axes of what is drawn between two times in a picture of that height; each item is given its own. */
export function measureAxes(items, from, to, height, theme) {
  const groups = new Map();
  for (const item of items) {
    if (groups.has(item.axisKey)) groups.get(item.axisKey).push(item);
    else groups.set(item.axisKey, [item]);
  }
  const room = Math.max(1, Math.min(7, Math.floor(height / 38)));
  const axes = [];
  for (const own of groups.values()) {
    const [{ field, stackMode, color }] = own;
    const { axisPlacement: wanted, axisLabel: label = '', axisGridShow, axisColorMode, axisWidth = 0 } = field.custom ?? {};
    const log = logOf(field);
    const axis = axisWithTexts(...reachOf(own, log, from, to), { field, isShare: stackMode === 'percent', room, log });
    const isFree = (side) => !axes.some((other) => other.side === side);
    const side = wanted === 'left' || wanted === 'right' ? wanted : wanted === 'hidden' ? 'none' : isFree('left') ? 'left' : 'right';
    Object.assign(axis, {
      field, label, side,
      hasGrid: axisGridShow ?? (side !== 'none' && axes.every((other) => other.side === 'none')),
      color: axisColorMode === 'series' ? readable(color, theme) : theme.muted,
      width: side === 'none' ? 0 : Math.max(axisWidth, Math.ceil((widestOf(axis.texts) + 10) / 8) * 8) + (label ? 16 : 0),
    });
    axes.push(axis);
    for (const item of own) item.axis = axis;
  }
  return axes;
}

/** Room that the axes on one side need. */
export const widthOf = (axes, side) => axes.reduce((sum, axis) => sum + (axis.side === side ? axis.width : 0), 0);

export function drawAxes(context, axes, area, theme) {
  const offset = { left: 0, right: 0 };
  for (const axis of axes) {
    const { side, ticks, texts, hasGrid, color, label, width } = axis;
    if (side === 'none') continue;
    const [edge, out] = side === 'left' ? [area.left - offset.left, -1] : [area.left + area.width + offset.right, 1];
    for (const [at, tick] of ticks.entries()) {
      const y = Math.round(valueY(axis, area, tick)) + 0.5;
      if (y < area.top - 1 || y > area.top + area.height + 1) continue;
      if (hasGrid) fillBox(context, tick === 0 ? theme.axis : theme.grid, area.left, y - 0.5, area.width, 1);
      write(context, texts[at], edge + out * 7, y, color, side === 'left' ? 'right' : 'left');
    }
    if (label) drawAxisTitle(context, label, edge + out * (width - 9), area, theme);
    offset[side] += width;
  }
}

/** Thresholds of the board, once an axis: tints first, under everything, lines last. */
export function drawThresholds(context, axes, area, theme, isTint) {
  for (const axis of axes) {
    const { field } = axis;
    const style = field.custom?.thresholdsStyle?.mode ?? 'off';
    if (!/line|dashed|area/.test(style)) continue;
    const list = steps(field.thresholds, theme, field.min ?? axis.min, field.max ?? axis.max);
    for (const [at, { value, color }] of list.entries()) {
      const y = Math.round(at === 0 ? area.top + area.height : boundY(axis, area, value));
      if (isTint && style.includes('area')) {
        const top = at + 1 < list.length ? Math.round(boundY(axis, area, list[at + 1].value)) : area.top;
        fillBox(context, alpha(color, 0.09), area.left, top, area.width, y - top);
      }
      const share = shareOf(axis, value);
      if (isTint || at === 0 || style === 'area' || share < 0 || share > 1) continue;
      drawLine(context, alpha(color, 0.85), area.left, y + 0.5, area.left + area.width, y + 0.5, style.startsWith('dashed') ? [8, 6] : []);
    }
  }
}
