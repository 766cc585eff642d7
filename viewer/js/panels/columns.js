// The columns of a table: what each shows and how, and how wide it is.

import { extentOf } from '../draw/scale.js';
import { font, textWidth, widestOf } from '../draw/canvas.js';
import { asField } from './fields.js';
import { reduce } from './reduce.js';
import { numberOf } from './values.js';

const cellFont = font(13);
const headFont = font(12, 600);
const aligns = ['left', 'center', 'right'];
const legacyTypes = { 'color-background-solid': 'color-background', 'gradient-gauge': 'gauge', 'lcd-gauge': 'gauge', basic: 'gauge' };

/** The columns of a frame that are shown; what is known of the one before it in `before` is kept where it is the same. */
export function columnsOf(frame, before) {
  return frame.fields.filter(({ config }) => config?.custom?.hidden !== true && config?.custom?.hideFrom?.viz !== true).map((field, index) => {
    const config = asField(field.config);
    const { custom, mappings } = config;
    const options = custom.cellOptions ?? { type: custom.displayMode };
    const isNumber = field.type === 'number';
    const name = config.displayName || field.name;
    const usual = isNumber && !mappings.some((mapping) => mapping.type === 'value') ? 'right' : 'left';
    return {
      field, config, index, name, isNumber, isTime: field.type === 'time', isFilterable: custom.filterable === true, cell: legacyTypes[options.type] ?? options.type ?? 'auto', options,
      align: aligns.includes(custom.align) ? custom.align : usual, content: before[index]?.name === name ? before[index].content : 0, ...(isNumber && boundsOf(field, config)),
    };
  });
}

/** Ends of a column's gauge and colours: the board's, else its own values'. */
function boundsOf({ values }, { min, max, unit }) {
  const [least, most] = min === undefined || max === undefined ? extentOf([values.map(numberOf)]) : [];
  const top = { percentunit: 1, percent: 100 }[unit];
  return { low: min ?? (top ? 0 : Math.min(0, least)), high: max ?? top ?? most };
}

const sum = (columns) => columns.reduce((all, column) => all + column.width, 0);

/**
 * Widths after what the first rows and the foot say; a need only grows, so that columns stand still. What is left over
 * is shared; where it is too little the widest are cut first, so that nothing is cut beside a column that stands half
 * empty. Numbers are not cut at all: rather is the table scrolled.
 */
export function measure(columns, order, textOf, foot, room, hasHead, sortedBy) {
  const sample = order.slice(0, 60);
  for (const [at, column] of columns.entries()) {
    const { name, cell, isNumber, config: { custom } } = column;
    const bar = cell === 'gauge' ? 84 : 0;
    const content = Math.max(column.content ?? 0, widestOf(sample.map((row) => textOf(column, row).slice(0, 120)).concat(foot[at] ?? []), cellFont) + 22 + bar);
    const head = hasHead ? textWidth(name, headFont) + (name === sortedBy ? 36 : 22) : 0;
    const need = Math.ceil(Math.max(content, head));
    const wish = Number(custom.width) > 0 ? Number(custom.width) : null;
    Object.assign(column, { content, need, wish, least: isNumber ? content - bar / 2 : Math.min(need, 72), width: Math.max(need, wish ?? (Number(custom.minWidth) || 0)) });
  }
  // A width that a board asks for gives way before anything is cut.
  if (sum(columns) > room) for (const column of columns) column.width = Math.max(column.least, Math.min(column.wish ?? Infinity, column.need));
  if (sum(columns) > room) {
    const widths = columns.map((column) => column.width);
    for (let limit = Math.max(...widths); limit > 0 && sum(columns) > room; limit -= 4) {
      for (const [at, column] of columns.entries()) column.width = Math.min(widths[at], Math.max(column.least, limit));
    }
  }
  const over = room - sum(columns);
  if (over < 0) return;
  const loose = columns.filter((column) => column.wish === null);
  const takers = loose.length > 0 ? loose : columns;
  const whole = sum(takers);
  // Rounded down up to the last, which takes what is left: no strip of nothing at the right.
  let left = over;
  for (const [at, column] of takers.entries()) {
    const more = at === takers.length - 1 ? left : Math.floor(over * column.width / whole);
    column.width += more;
    left -= more;
  }
}

/** Without a frame, the series as rows of names and last values. */
export const frameOf = (series) => ({
  length: series.length,
  fields: series.length === 0 ? [] : [
    { name: 'Series', type: 'string', config: {}, values: series.map((entry) => entry.name) },
    { name: 'Value', type: 'number', config: series[0].field ?? {}, values: series.map((entry) => reduce(entry.values, 'lastNotNull')) },
  ],
});
