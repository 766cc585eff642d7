// The table panel. Only the rows in sight exist as elements, so ten thousand of them cost what thirty do.

import { make, setText } from '../draw/canvas.js';
import { fadesBelow } from './base.js';
import { fillCell, makeCell } from './cells.js';
import { columnsOf, frameOf, measure } from './columns.js';
import { reduce } from './reduce.js';
import { displayText, mapped, numberOf } from './values.js';

const heights = { sm: 30, md: 38, lg: 50 };
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
const isLost = (value) => value === null || value === undefined || value === '' || Number.isNaN(value);

export function drawTable(root) {
  const { options, words, panel, body, context } = root;
  const rowHeight = heights[options.cellHeight] ?? heights.sm;
  const hasHead = options.showHeader !== false;
  const filter = make('input', 'draw-filter');
  const [head, space, foot] = ['head', 'space', 'foot'].map((part) => make('div', `draw-${part}`));
  const scroller = make('div', 'draw-scroll', head, space, foot);
  const remark = make('div', 'draw-remark');
  const [first] = Array.isArray(options.sortBy) ? options.sortBy : [];
  let sort = first?.displayName ? { name: first.displayName, down: first.desc === true } : null;
  let frame = null;
  let columns = [];
  let columnsKey;
  let rows = [];
  let order = [];
  let needle = '';
  let viewHeight = 0;
  let shown = '';

  Object.assign(filter, { type: 'search', placeholder: words.filter, ariaLabel: words.filterOf(panel.title) });
  Object.assign(scroller, { tabIndex: 0, role: 'table' });
  head.role = foot.role = 'row';
  space.role = 'rowgroup';
  body.append(filter, scroller, remark);
  const fade = fadesBelow(scroller);
  scroller.addEventListener('scroll', () => showRows(), { passive: true });
  filter.addEventListener('input', () => {
    needle = filter.value.trim().toLowerCase();
    scroller.scrollTop = 0;
    arrange();
  });

  const update = (data) => {
    frame = data.frame ?? frameOf(data.series);
    root.say(data, frame.length > 0);
    readColumns();
    filter.hidden = !columns.some((column) => column.isFilterable) || frame.length < 2;
    head.hidden = !hasHead;
    remark.hidden = !frame.truncated;
    setText(remark, words.truncated(frame.length));
    scroller.ariaLabel = words.tableSummary(panel.title, frame.length, columns.length);
    scroller.ariaRowCount = String(frame.length + 1);
    arrange();
  };

  const readColumns = () => {
    const next = columnsOf(frame, columns);
    const key = JSON.stringify(next.map(({ name, field }) => [name, field.config]));
    columns = next;
    if (key === columnsKey) return;
    columnsKey = key;
    for (const row of rows) row.element.remove();
    rows = [];
    head.replaceChildren(...columns.map((column) => {
      const button = make('button', '', column.name);
      const cell = make('div', `cell ${column.align}`, button);
      cell.role = 'columnheader';
      Object.assign(button, { type: 'button', title: column.name });
      button.addEventListener('click', () => {
        // First the way in which a column is read most: numbers from the greatest, words from A.
        const down = column.isNumber;
        sort = sort?.name !== column.name ? { name: column.name, down } : sort.down === down ? { name: column.name, down: !down } : null;
        arrange();
      });
      return cell;
    }));
  };

  const valueOf = ({ isNumber, field }, row) => isNumber ? numberOf(field.values[row]) : field.values[row] ?? null;

  const textOf = (column, row) => {
    const { config, isTime } = column;
    const value = valueOf(column, row);
    if (isTime) return value === null ? '' : config.unit ? displayText(config, value, root.theme) : context.format.dateTime(value);
    // The panel's word for emptiness ("no alert fires") is about the table, not about a cell of it.
    const isEmpty = value === null && !mapped(config, null)?.text && (!config.noValue || config.noValue === panel.defaults?.noValue);
    return isEmpty ? '' : displayText(config, value, root.theme);
  };

  /** Which rows are shown, in which order. */
  const arrange = () => {
    const searched = columns.filter((column) => column.isFilterable);
    order = Array.from({ length: frame.length }, (_, row) => row);
    if (needle) order = order.filter((row) => searched.some((column) => textOf(column, row).toLowerCase().includes(needle)));
    const column = sort && columns.find((candidate) => candidate.name === sort.name);
    if (column) {
      const turn = sort.down ? -1 : 1;
      const keys = column.isNumber ? column.field.values.map(numberOf) : column.field.values;
      order.sort((a, b) => {
        const [x, y] = [keys[a], keys[b]];
        // What is missing is last, whichever way one looks.
        if (isLost(x) || isLost(y)) return isLost(x) - isLost(y) || a - b;
        return turn * (typeof x === 'number' && typeof y === 'number' ? x - y : collator.compare(String(x), String(y))) || a - b;
      });
    }
    for (const [at, cell] of [...head.children].entries()) cell.ariaSort = columns[at] !== column ? 'none' : sort.down ? 'descending' : 'ascending';
    layout();
  };

  const layout = () => {
    if (!frame) return;
    viewHeight = Math.max(0, root.room - (filter.hidden ? 0 : 34) - (remark.hidden ? 0 : 20));
    showFoot();
    const inner = viewHeight - (hasHead ? 28 : 0) - (foot.hidden ? 0 : 30);
    const bar = order.length * rowHeight > inner ? 11 : 0;
    measure(columns, order, textOf, foot.hidden ? [] : [...foot.children].map((cell) => cell.textContent), root.width - bar, hasHead, sort?.name);
    const { style } = scroller;
    style.setProperty('--columns', columns.map((column) => `${column.width}px`).join(' '));
    style.setProperty('--row', `${rowHeight}px`);
    const total = columns.reduce((sum, column) => sum + column.width, 0);
    for (const part of [head, space, foot]) part.style.width = `${total}px`;
    space.style.height = `${order.length * rowHeight}px`;
    style.height = `${viewHeight}px`;
    showRows(true);
    fade();
  };

  const showRows = (isNew = false) => {
    const from = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - 3);
    const count = Math.max(0, Math.min(order.length - from, Math.ceil(viewHeight / rowHeight) + 7));
    const key = `${from} ${count}`;
    if (!isNew && key === shown) return;
    shown = key;
    while (rows.length < count) rows.push(addRow());
    for (const [at, row] of rows.entries()) {
      row.element.hidden = at >= count;
      if (at < count) fillRow(row, from + at);
    }
  };

  const addRow = () => {
    const cells = columns.map(makeCell);
    const element = make('div', 'draw-row', ...cells.map((cell) => cell.element));
    element.role = 'row';
    space.append(element);
    return { element, cells };
  };

  const fillRow = ({ element, cells }, place) => {
    const row = order[place];
    element.ariaRowIndex = String(place + 2);
    Object.assign(element.style, { transform: `translateY(${place * rowHeight}px)`, background: '', color: '' });
    for (const [at, column] of columns.entries()) fillCell(root, element, cells[at], column, { frame, row, value: valueOf(column, row), text: textOf(column, row) });
  };

  /** A last line of sums, where a board asks for it. */
  const showFoot = () => {
    const { show, fields, reducer, countRows } = options.footer ?? {};
    foot.hidden = show !== true;
    if (foot.hidden) return;
    const calc = reducer?.[0] ?? 'sum';
    const isSummed = ({ isNumber, name }) => isNumber && (!fields?.length || [fields].flat().includes(name));
    foot.replaceChildren(...columns.map((column, at) => {
      let text = '';
      if (countRows) text = at === 0 ? `${words.calcs.count}: ${order.length}` : '';
      else if (isSummed(column)) {
        const value = reduce(order.map((row) => valueOf(column, row) ?? NaN), calc);
        text = value === null ? '' : displayText(column.config, value, root.theme);
      } else if (at === 0) text = words.calcs[calc] ?? '';
      return make('div', `cell ${column.align}`, text);
    }));
  };

  return { update, layout };
}
