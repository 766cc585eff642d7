// The small line under a number: no axes, just the shape.

import { extentOf } from './scale.js';
import { drawSeries } from './timeseries.js';

// What the line looks like; one for all, as they are drawn one after the other.
const item = { base: null, drawStyle: 'line', lineInterpolation: 'linear', spanNulls: false, fillOpacity: 22, gradientMode: 'opacity', lineWidth: 1.5, showPoints: 'never', pointSize: 4 };

/** Draws `series` over the whole of the surface; a flat line lies low, so that it does not look like an alarm. */
export function drawSparkline(surface, { times, values, field }, color, from, to, theme) {
  surface.clear();
  const [least, most] = extentOf([values]);
  if (least > most) return;
  const low = Math.min(field.min ?? least, least);
  const high = Math.max(field.max ?? most, most);
  const span = high - low || Math.abs(high) || 1;
  Object.assign(item, { drawnTimes: times, drawn: values, color, field });
  drawSeries(surface.context, item, { min: low - span * 0.08, max: high + span * 0.12, log: 0 }, { left: 0, top: 1, width: surface.width, height: surface.height - 1 }, from, to, theme);
}
