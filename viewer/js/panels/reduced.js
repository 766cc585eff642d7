// What stats, gauges and bar gauges show: one value for each series, or one for each row where a board asks for that.

import { extentOf } from '../draw/scale.js';
import { textOf } from '../draw/units.js';
import { asField, pattern } from './fields.js';
import { rowLinks } from './links.js';
import { calcField, reduce } from './reduce.js';
import { display, numberOf } from './values.js';

/** `[{name, value, field, series, prefix, text, suffix, words, color, links, low, high}]`. */
export function reducedValues(root, data) {
  const { panel, options, theme } = root;
  const { calcs, fields = '', values: isEach = false, limit } = options.reduceOptions ?? {};
  const wanted = fields && fields !== '/.*/' ? pattern(fields) : null;
  const picked = [];
  for (const series of data.series) {
    const { field, name, values } = series;
    if (field.custom?.hideFrom?.viz || (wanted && !wanted.test(name))) continue;
    if (isEach && !series.instant) {
      for (const value of values) if (value === value) picked.push({ series, field, value, name });
      continue;
    }
    for (const calc of calcs?.length ? calcs : ['lastNotNull']) {
      const value = series.instant && values.length === 1 ? values[0] : reduce(values, calc);
      picked.push({ series, field: calcField(field, calc), value, name });
    }
  }
  if (wanted || fields === '/.*/') picked.push(...textValues(data, wanted));
  if (isEach && data.frame) nameRows(picked, data.frame);
  if (isEach && limit > 0) picked.length = Math.min(picked.length, limit);
  const [least, most] = extentOf([picked.map((entry) => entry.value)]);
  for (const entry of picked) {
    const { field, series, value } = entry;
    // Without ends of the board's own a gauge goes from 0 to 100 (a share to 1), all others to the greatest of the values.
    const top = field.unit === 'percentunit' ? 1 : field.unit === 'percent' || panel.type === 'gauge' ? 100 : null;
    entry.low = field.min ?? (top ? 0 : Math.min(0, least));
    entry.high = field.max ?? top ?? (most > entry.low ? most : entry.low + 1);
    Object.assign(entry, display(field, value, theme, series, entry.low, entry.high));
    entry.words = textOf(entry);
    entry.links = rowLinks(root, field, { series, value, text: entry.text });
  }
  return picked;
}

/** Texts that `fields` asks for: a label of the series, or a column of texts. */
function textValues({ frame, series: all }, wanted) {
  if (frame) {
    return frame.fields.filter(({ type, name, values }) => type === 'string' && (wanted?.test(name) ?? true) && values.length > 0)
      .map(({ name, values, config }) => ({ name, value: values[values.length - 1], field: asField(config), series: { name, index: 0, labels: {} } }));
  }
  return wanted ? all.flatMap((series) => Object.entries(series.labels).filter(([label]) => wanted.test(label)).map(([name, value]) => ({ name, value, series, field: series.field }))) : [];
}

/** Each row of a table is called by its first column of texts. */
function nameRows(picked, { fields, length }) {
  const names = fields.find((field) => field.type === 'string');
  if (!names) return;
  picked.length = 0;
  for (const { type, values, config } of fields) {
    if (type !== 'number') continue;
    const field = asField(config);
    for (let row = 0; row < length; row++) {
      const name = String(names.values[row] ?? '');
      picked.push({ name, field, value: numberOf(values[row]), series: { name, index: row, labels: {} } });
    }
  }
}

/**
 * Columns and rows for so many cells of about that shape (width by height) in a box, one above the other (`horizontal`) or side by
 * side (`vertical`) where a board wants that. `fits(width, height)` says how well a cell of that size will do, from 0 for not at all to
 * 1; the grid's `size` is 0 where none does.
 */
export function cellGrid(count, width, height, orientation, shape, fits = () => 1) {
  let best = { columns: 1, rows: Math.max(1, count), size: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const size = fits(width / columns, height / rows) * (orientation === 'horizontal' ? 1 / columns : orientation === 'vertical' ? 1 / rows
      : Math.min(width / columns / shape, height / rows) * (1 - 0.5 * (columns * rows - count) / count));
    if (size > best.size) best = { columns, rows, size };
  }
  return best;
}

/** Digits are measured as zeros, or a number would change its size whenever it changes. */
export const asZeros = (text) => text.replace(/[0-9]/g, '0');

/** The longest of some texts. */
export const longestOf = (texts) => texts.reduce((long, text) => text.length > long.length ? text : long, '');

/** The values in words. */
export const inWords = (title, values) => `${title ? `${title}: ` : ''}${values.slice(0, 12).map(({ name, words }) => `${name ? `${name} ` : ''}${words}`).join(', ')}`;
