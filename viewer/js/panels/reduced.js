// What stats, gauges and bar gauges show: one value for each series, or one for each row where a board asks for that.

import { asField, pattern } from './fields.js';
import { linkScope, linksOf } from './links.js';
import { calcField } from './legend.js';
import { reduce } from './reduce.js';
import { display, numberOf } from './values.js';

/** `[{name, value, field, series, prefix, text, suffix, color, links, low, high}]`. */
export function reducedValues(panel, data, context, theme) {
  const { calcs = ['lastNotNull'], fields = '', values = false, limit } = panel.options?.reduceOptions ?? {};
  const picked = [];
  const wanted = fields && fields !== '/.*/' ? pattern(fields) : null;
  for (const series of data.series) {
    if (series.field.custom?.hideFrom?.viz) continue;
    if (wanted && !wanted.test(series.name)) continue;
    if (values && !series.instant) {
      for (let at = 0; at < series.values.length; at++) if (series.values[at] === series.values[at]) picked.push({ series, field: series.field, value: series.values[at], name: series.name });
      continue;
    }
    for (const calc of calcs.length ? calcs : ['lastNotNull']) {
      const value = series.instant && series.values.length === 1 ? series.values[0] : reduce(series.values, calc);
      picked.push({ series, field: calcField(series.field, calc), value, name: series.name });
    }
  }
  if (wanted || fields === '/.*/') picked.push(...textValues(panel, data, wanted));
  if (values && data.frame) nameRows(picked, data.frame);
  if (values && limit > 0) picked.length = Math.min(picked.length, limit);
  const [low, high] = bounds(picked);
  const scope = linkScope(context, data);
  for (const entry of picked) {
    const { field } = entry;
    // Without ends of the board's own a gauge goes from 0 to 100 (a share to 1), all others to the greatest of the values.
    const isShare = field.unit === 'percentunit';
    const isFull = field.unit === 'percent' || panel.type === 'gauge';
    entry.low = typeof field.min === 'number' ? field.min : isShare || isFull ? 0 : Math.min(0, low);
    entry.high = typeof field.max === 'number' ? field.max : isShare ? 1 : isFull ? 100 : high > entry.low ? high : entry.low + 1;
    Object.assign(entry, display(field, entry.value, theme, entry.series, entry.low, entry.high));
    entry.links = field.links?.length ? linksOf(field.links, { ...scope, series: entry.series, value: entry.value, text: entry.text }) : [];
  }
  return picked;
}

/** Texts that `fields` asks for: a label of the series, or a column of texts. */
function textValues(panel, data, wanted) {
  const found = [];
  const add = (name, value, series, field) => found.push({ series, field, value, name });
  if (data.frame) {
    for (const field of data.frame.fields) {
      if (field.type === 'string' && (!wanted || wanted.test(field.name)) && field.values.length > 0) add(field.name, field.values[field.values.length - 1], { name: field.name, index: 0, labels: {} }, asField(field.config));
    }
  } else if (wanted) {
    for (const series of data.series) for (const [label, value] of Object.entries(series.labels)) if (wanted.test(label)) add(label, value, series, series.field);
  }
  return found;
}

/** Each row of a table is called by its first column of texts. */
function nameRows(picked, frame) {
  const names = frame.fields.find((field) => field.type === 'string');
  if (!names) return;
  const values = frame.fields.filter((field) => field.type === 'number');
  const rows = [];
  for (const column of values) for (let row = 0; row < frame.length; row++) rows.push({ name: String(names.values[row] ?? ''), value: numberOf(column.values[row]), field: asField(column.config), series: { name: String(names.values[row] ?? ''), index: row, labels: {} } });
  picked.splice(0, picked.length, ...rows);
}

function bounds(picked) {
  let low = Infinity;
  let high = -Infinity;
  for (const { value } of picked) {
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [0, 1] : [low, high];
}

/** Columns and rows for so many cells of about that shape (width by height) in a box. */
export function cellGrid(count, width, height, orientation, shape) {
  if (count <= 1) return { columns: 1, rows: 1 };
  if (orientation === 'horizontal') return { columns: 1, rows: count };
  if (orientation === 'vertical') return { columns: count, rows: 1 };
  let best = { columns: 1, rows: count, size: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const size = Math.min(width / columns / shape, height / rows) * (1 - 0.5 * (columns * rows - count) / count);
    if (size > best.size) best = { columns, rows, size };
  }
  return best;
}

/** The values in words. */
export const inWords = (title, values) => `${title ? `${title}: ` : ''}${values.slice(0, 12).map((entry) => `${entry.name ? `${entry.name} ` : ''}${entry.prefix}${entry.text}${entry.suffix}`).join(', ')}`;
