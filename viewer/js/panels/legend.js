// Names and numbers of the series, below or beside the picture. A click shows one series alone, a click with Ctrl or
// Shift takes one out or puts it back; arrow keys go from one to the next.

import { make, setText } from '../draw/canvas.js';
import { displayText } from './values.js';
import { reduce } from './reduce.js';

export class Legend {
  /** `changed()` is called when other series are to be shown; `hovered(name|null)` when the pointer is on a name. */
  constructor(root, options, { changed, hovered }) {
    this.root = root;
    this.options = options ?? {};
    this.changed = changed;
    this.hovered = hovered;
    this.hidden = new Set();
    this.rows = [];
    this.sort = this.options.sortBy ? { by: this.options.sortBy, down: this.options.sortDesc === true } : null;
    this.calcs = this.options.calcs ?? [];
    this.table = this.options.displayMode === 'table';
    this.wanted = this.options.showLegend !== false && this.options.displayMode !== 'hidden';
    this.right = this.options.placement === 'right';
    this.element = make('div', `draw-legend ${this.table ? 'table' : 'list'} ${this.right ? 'right' : 'bottom'}`);
    this.body = this.element;
    if (this.table) {
      const table = make('table');
      this.head = make('tr');
      const head = make('thead');
      head.append(this.head);
      this.body = make('tbody');
      table.append(head, this.body);
      this.element.append(table);
      this.buildHead();
    }
    this.element.addEventListener('click', (event) => this.clicked(event));
    this.element.addEventListener('keydown', (event) => this.key(event));
    this.element.addEventListener('pointerover', (event) => this.hovered(this.nameOf(event.target)));
    this.element.addEventListener('pointerleave', () => this.hovered(null));
  }

  buildHead() {
    for (const id of ['', ...this.calcs]) {
      const cell = make('th');
      const label = id === '' ? this.root.words.name : this.root.words.calcs[id] ?? id;
      const button = make('button', '', label);
      button.type = 'button';
      button.dataset.sort = label;
      cell.append(button);
      this.head.append(cell);
    }
  }

  /**
   * Takes its place in a panel of that size and returns what is left for the picture. The browser is asked for the
   * height only when something else than numbers changed: asking makes it lay out the whole page.
   */
  place(root, width, height) {
    const { element } = this;
    const aside = this.wanted && this.right && width >= 480;
    root.root.classList.toggle('aside', aside);
    // A panel too low for both has no legend.
    if (this.wanted) element.hidden = height < 90;
    if (!this.wanted || element.hidden) return [width, height];
    if (aside) {
      const own = Math.round(Number(this.options.width) || Math.min(width * (this.table ? 0.4 : 0.28), this.table ? 140 + this.calcs.length * 76 : 220));
      element.style.width = `${own}px`;
      element.style.maxHeight = '';
      return [width - own, height];
    }
    const key = `${width} ${height} ${this.layoutKey}`;
    if (key !== this.placedKey) {
      this.placedKey = key;
      const most = Math.round(this.table ? Math.max(64, height * 0.36) : Math.max(24, Math.min(height * 0.3, height < 180 ? 24 : 96)));
      element.style.width = '';
      element.style.maxHeight = `${most}px`;
      this.ownHeight = Math.min(most, element.scrollHeight);
    }
    return [width, height - this.ownHeight];
  }

  /** `items`: `[{series, color}]` of those that have a legend. */
  update(items) {
    this.items = items;
    const names = new Set(items.map((item) => item.series.name));
    for (const name of this.hidden) if (!names.has(name)) this.hidden.delete(name);
    if (!this.wanted) return;
    this.layoutKey = this.table ? items.length : [...names].join();
    const numbers = this.calcs.length > 0 ? items.map((item) => this.calcs.map((id) => reduce(item.series.values, id))) : null;
    const order = this.order(items, numbers);
    while (this.rows.length < items.length) this.addRow();
    while (this.rows.length > items.length) this.rows.pop().element.remove();
    for (let at = 0; at < order.length; at++) this.fill(this.rows[at], items[order[at]], numbers?.[order[at]]);
    if (!this.rows.some((row) => row.button.tabIndex === 0) && this.rows.length > 0) this.rows[0].button.tabIndex = 0;
    if (!this.table) return;
    for (const cell of this.head.children) {
      const down = this.sort?.by === cell.firstChild.dataset.sort ? this.sort.down : null;
      cell.setAttribute('aria-sort', down === null ? 'none' : down ? 'descending' : 'ascending');
    }
  }

  order(items, numbers) {
    const order = items.map((_, at) => at);
    if (!this.sort || !this.table) return order;
    const column = this.calcs.findIndex((id) => (this.root.words.calcs[id] ?? id) === this.sort.by || id === this.sort.by);
    const turn = this.sort.down ? -1 : 1;
    if (column < 0) return order.sort((a, b) => turn * items[a].series.name.localeCompare(items[b].series.name, undefined, { numeric: true }));
    return order.sort((a, b) => turn * ((numbers[a][column] ?? -Infinity) - (numbers[b][column] ?? -Infinity)) || a - b);
  }

  addRow() {
    const element = make(this.table ? 'tr' : 'div', 'draw-legend-row');
    const button = make('button');
    button.type = 'button';
    button.tabIndex = -1;
    const swatch = make('i');
    const name = make('span', 'name');
    button.append(swatch, name);
    const values = this.calcs.map(() => make(this.table ? 'td' : 'span', 'value'));
    if (this.table) {
      const cell = make('td', 'first');
      cell.append(button);
      element.append(cell, ...values);
    } else element.append(button, ...values);
    this.body.append(element);
    this.rows.push({ element, button, swatch, name, values });
  }

  fill(row, item, numbers) {
    const { series, color } = item;
    const off = this.hidden.has(series.name);
    setText(row.name, series.name);
    if (row.button.title !== series.name) row.button.title = series.name;
    if (row.color !== color) row.swatch.style.background = row.color = color;
    row.button.setAttribute('aria-pressed', String(!off));
    row.element.classList.toggle('off', off);
    if (!numbers) return;
    for (let at = 0; at < numbers.length; at++) {
      const text = numbers[at] === null ? '–' : displayText(calcField(series.field, this.calcs[at]), numbers[at], this.root.theme);
      setText(row.values[at], this.table ? text : `${this.root.words.calcs[this.calcs[at]] ?? this.calcs[at]}: ${text}`);
    }
  }

  nameOf(target) {
    const row = this.rows.find((candidate) => candidate.element.contains(target));
    return row ? row.name.textContent : null;
  }

  clicked(event) {
    const button = event.target.closest('button');
    if (!button) return;
    if (button.dataset.sort) {
      const by = button.dataset.sort;
      this.sort = this.sort?.by !== by ? { by, down: by !== this.root.words.name } : { by, down: !this.sort.down };
      this.update(this.items);
      return;
    }
    const name = this.nameOf(button);
    const names = new Set(this.items.map((item) => item.series.name));
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      if (!this.hidden.delete(name)) this.hidden.add(name);
    } else {
      const alone = !this.hidden.has(name) && this.hidden.size === names.size - 1;
      this.hidden = new Set(alone ? [] : [...names].filter((other) => other !== name));
    }
    if (this.hidden.size === names.size) this.hidden.clear();
    this.changed();
  }

  key(event) {
    const at = this.rows.findIndex((row) => row.button === document.activeElement);
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    const next = this.rows[Math.min(this.rows.length - 1, Math.max(0, at + step))].button;
    this.rows[at].button.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}

const counting = new Set(['count', 'nonNullCount', 'changeCount', 'distinctCount', 'allIsNull', 'allIsZero']);
const countFields = { unit: 'none', decimals: 0 };
const shareFields = { unit: 'percentunit', decimals: null };
/** A count of values is no amount in the series' unit. */
export const calcField = (field, id) => counting.has(id) ? countFields : id === 'diffperc' ? shareFields : field;
