// The small line under a number: no axes, just the shape.

import { drawSeries } from './timeseries.js';

/** Draws `series` over the whole of the surface; a flat line lies low, so that it does not look like an alarm. */
export function drawSparkline(surface, series, color, from, to, theme, item) {
  surface.clear();
  const { context, width, height } = surface;
  let low = Infinity;
  let high = -Infinity;
  for (let at = 0; at < series.values.length; at++) {
    const value = series.values[at];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return;
  const { min, max } = series.field;
  low = typeof min === 'number' ? Math.min(min, low) : low;
  high = typeof max === 'number' ? Math.max(max, high) : high;
  const span = high - low || Math.abs(high) || 1;
  const axis = { min: low - span * 0.08, max: high + span * 0.12, log: 0 };
  item.drawnTimes = series.times;
  item.drawn = series.values;
  item.color = color;
  item.field = series.field;
  const area = { left: 0, top: 1, width, height: height - 1 };
  drawSeries(context, item, axis, area, from, to, theme);
}

/** What a sparkline's line looks like; one a panel, reused. */
export const sparklineItem = () => ({
  base: null, drawStyle: 'line', interpolation: 'linear', spanNulls: false, fillOpacity: 22, gradientMode: 'opacity', lineWidth: 1.5, lineStyle: null, showPoints: 'never', pointSize: 4,
});
