// What a heatmap shows: rows of buckets over time, made from a histogram's cumulative series, from plain series that
// are buckets already, or counted from values.

import { lowerBound } from './timeseries.js';
import { extentOf, niceStep } from './scale.js';
import { onGrid, sameGrid, unionTimes } from './stack.js';

const upper = (series) => {
  const text = series.labels?.le ?? series.name;
  return text === '+Inf' || text === 'Inf' ? Infinity : Number(text);
};

/**
 * Rows from the lowest to the highest: `{times, rows: [{name, low, high, values}], step (s), numeric}`. A histogram's
 * buckets (`cumulative`) contain each other and are taken apart; where one shrinks by a late scrape it counts as zero.
 */
export function bucketRows(series, cumulative) {
  const first = series[0];
  const alike = series.every((entry) => sameGrid(entry.times, first.times));
  const times = alike ? first.times : unionTimes(series.map((entry) => entry.times));
  const numeric = series.every((entry) => !Number.isNaN(upper(entry)));
  let list = series.map((entry) => ({ name: entry.name, edge: upper(entry), values: alike ? entry.values : onGrid(entry.times, entry.values, times) }));
  if (numeric) {
    // Several series of one bound (one a node, say) are one row.
    const byEdge = new Map();
    for (const row of list) {
      const other = byEdge.get(row.edge);
      if (!other) byEdge.set(row.edge, { ...row, values: row.values.slice() });
      else for (let at = 0; at < times.length; at++) other.values[at] = Number.isNaN(other.values[at]) ? row.values[at] : other.values[at] + (row.values[at] || 0);
    }
    list = [...byEdge.values()].sort((a, b) => a.edge - b.edge);
  }
  const rows = list.map((row, at) => {
    const below = cumulative && at > 0 ? list[at - 1].values : null;
    const values = below ? row.values.map((value, column) => Math.max(0, value - (below[column] || 0))) : row.values;
    return { name: row.name, low: numeric ? (at > 0 ? list[at - 1].edge : -Infinity) : at, high: numeric ? row.edge : at + 1, values };
  });
  return { times, rows, numeric, step: first.step || (times.length > 1 ? times[1] - times[0] : 60) };
}

/** Counts how many samples of all series lie in each of about `across` by `up` cells. */
export function countRows(series, from, to, across, up, unit) {
  const [low, high] = extentOf(series.map((entry) => entry.values));
  if (low > high) return null;
  const size = niceStep(Math.max((high - low) / up, Math.abs(high) * 1e-6, 1e-12), unit);
  const bottom = Math.floor(low / size);
  const count = Math.min(200, Math.floor(high / size) - bottom + 1);
  const least = Math.max(...series.map((entry) => entry.step || 0));
  const step = Math.max(least, (to - from) / 1000 / across) || 60;
  const start = Math.floor(from / 1000 / step) * step;
  const columns = Math.ceil((to / 1000 - start) / step) + 1;
  const times = Float64Array.from({ length: columns }, (_, at) => start + at * step);
  const rows = Array.from({ length: count }, (_, at) => ({ name: '', low: (bottom + at) * size, high: (bottom + at + 1) * size, values: new Float64Array(columns) }));
  for (const entry of series) {
    for (let at = lowerBound(entry.times, start); at < entry.times.length; at++) {
      const value = entry.values[at];
      const column = Math.floor((entry.times[at] - start) / step + 1e-9);
      const row = Math.min(count - 1, Math.floor(value / size + 1e-9) - bottom);
      if (row >= 0 && column >= 0 && column < columns) rows[row].values[column]++;
    }
  }
  return { times, rows, numeric: true, step, leftEdge: true };
}
