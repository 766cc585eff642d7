// The table panel. Only the rows in sight exist as elements, so ten thousand of them cost what thirty do.

import { alpha, mix, rampOf, steps, textOn } from '../draw/colors.js';
import { font, make, setText, textWidth } from '../draw/canvas.js';
import { asPanel, PanelRoot } from './base.js';
import { asField } from './fields.js';
import { anchor, linkScope, linksOf, pointAnchor } from './links.js';
import { reduce } from './reduce.js';
import { display, displayText, mapped, numberOf } from './values.js';

const heights = { sm: 30, md: 38, lg: 50 };
const cellFont = font(13);
const headFont = font(12, 600);

export function create(panel, element, context) {
  const root = new PanelRoot(panel, element, context, 'table');
  return asPanel(root, new TablePanel(root));
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

class TablePanel {
  constructor(root) {
    this.root = root;
    this.options = root.panel.options ?? {};
    this.rowHeight = heights[this.options.cellHeight] ?? heights.sm;
    this.columns = [];
    this.rows = [];
    this.order = new Int32Array(0);
    this.needle = '';
    const first = this.options.sortBy?.[0];
    this.sort = first?.displayName ? { name: first.displayName, down: first.desc === true } : null;
    this.filter = make('input', 'draw-filter');
    this.filter.type = 'search';
    this.filter.placeholder = root.words.filter;
    this.filter.setAttribute('aria-label', root.words.filterOf(root.panel.title));
    this.filter.addEventListener('input', () => {
      this.needle = this.filter.value.trim().toLowerCase();
      this.scroller.scrollTop = 0;
      this.arrange();
      this.layout();
    });
    this.scroller = make('div', 'draw-scroll');
    this.scroller.tabIndex = 0;
    this.scroller.setAttribute('role', 'table');
    this.head = make('div', 'draw-head');
    this.head.setAttribute('role', 'row');
    this.space = make('div', 'draw-space');
    this.space.setAttribute('role', 'rowgroup');
    this.foot = make('div', 'draw-foot');
    this.foot.setAttribute('role', 'row');
    this.scroller.append(this.head, this.space, this.foot);
    this.scroller.addEventListener('scroll', () => this.showRows(), { passive: true });
    this.remark = make('div', 'draw-remark');
    root.body.append(this.filter, this.scroller, this.remark);
  }

  update(data) {
    const { root } = this;
    this.frame = data.frame ?? frameOf(data);
    root.say(data, this.frame.length > 0);
    this.scope = { ...linkScope(root.context, data), frame: this.frame };
    this.readColumns();
    this.filter.hidden = !this.columns.some((column) => column.config.custom?.filterable === true) || this.frame.length < 2;
    this.head.hidden = this.options.showHeader === false;
    this.remark.hidden = !this.frame.truncated;
    if (this.frame.truncated) setText(this.remark, root.words.truncated(this.frame.length));
    this.scroller.setAttribute('aria-label', root.words.tableSummary(root.panel.title, this.frame.length, this.columns.length));
    this.scroller.setAttribute('aria-rowcount', String(this.frame.length + 1));
    this.arrange();
    this.layout();
  }

  readColumns() {
    const shown = this.frame.fields.filter((field) => field.config?.custom?.hidden !== true && field.config?.custom?.hideFrom?.viz !== true);
    const key = JSON.stringify(shown.map((field) => [field.name, field.config]));
    const same = key === this.columnsKey;
    this.columnsKey = key;
    this.columns = shown.map((field, index) => {
      const before = same ? this.columns[index] : null;
      const config = before?.config ?? asField(field.config);
      const cell = config.custom.cellOptions ?? { type: legacyTypes[config.custom.displayMode] ?? config.custom.displayMode ?? 'auto' };
      const column = {
        field, config, index, name: config.displayName || field.name, isNumber: field.type === 'number', isTime: field.type === 'time', cell: cell.type ?? 'auto', cellOptions: cell,
        measured: before?.measured ?? 0,
      };
      const align = config.custom.align;
      column.align = align === 'left' || align === 'center' || align === 'right' ? align : column.isNumber && !config.mappings?.some((mapping) => mapping.type === 'value') ? 'right' : 'left';
      if (column.isNumber) Object.assign(column, boundsOf(column));
      return column;
    });
    if (!same) {
      this.buildHead();
      for (const row of this.rows) row.element.remove();
      this.rows = [];
    }
  }

  buildHead() {
    this.head.replaceChildren(...this.columns.map((column) => {
      const cell = make('div', `cell ${column.align}`);
      cell.setAttribute('role', 'columnheader');
      const button = make('button', '', column.name);
      button.type = 'button';
      button.title = column.name;
      button.addEventListener('click', () => {
        // First the way in which a column is read most: numbers from the greatest, words from A.
        const same = this.sort?.name === column.name;
        const first = column.isNumber;
        this.sort = !same ? { name: column.name, down: first } : this.sort.down === first ? { name: column.name, down: !first } : null;
        this.arrange();
        this.layout();
      });
      cell.append(button);
      return cell;
    }));
  }

  text(column, row) {
    const value = this.value(column, row);
    if (column.isTime) return value === null ? '' : column.config.unit ? displayText(column.config, value, this.root.theme) : this.root.context.format.dateTime(value);
    // The panel's word for emptiness ("no alert fires") is about the table, not about a cell of it.
    const { noValue } = column.config;
    const isEmpty = value === null && !mapped(column.config, null)?.text && (!noValue || noValue === this.root.panel.defaults?.noValue);
    return isEmpty ? '' : displayText(column.config, value, this.root.theme);
  }

  value(column, row) {
    const raw = column.field.values[row];
    if (column.isNumber) return numberOf(raw);
    return raw === undefined ? null : raw;
  }

  /** Which rows are shown, in which order. */
  arrange() {
    const { frame, needle } = this;
    const searched = this.columns.filter((column) => column.config.custom.filterable === true);
    const order = [];
    for (let row = 0; row < frame.length; row++) if (needle === '' || searched.some((column) => this.text(column, row).toLowerCase().includes(needle))) order.push(row);
    const column = this.sort ? this.columns.find((candidate) => candidate.name === this.sort.name) : null;
    if (column) {
      const turn = this.sort.down ? -1 : 1;
      const values = column.field.values;
      const keys = column.isNumber ? values.map(numberOf) : values;
      order.sort((a, b) => {
        const x = keys[a];
        const y = keys[b];
        // What is missing is last, whichever way one looks.
        const lost = (value) => value === null || value === undefined || value === '' || Number.isNaN(value);
        if (lost(x) || lost(y)) return lost(x) - lost(y) || a - b;
        return turn * (typeof x === 'number' && typeof y === 'number' ? x - y : collator.compare(String(x), String(y))) || a - b;
      });
    }
    this.order = Int32Array.from(order);
    for (const [at, cell] of [...this.head.children].entries()) {
      const own = column === this.columns[at] && column;
      cell.setAttribute('aria-sort', own ? (this.sort.down ? 'descending' : 'ascending') : 'none');
    }
  }

  layout() {
    const { root } = this;
    if (!this.frame) return;
    this.measure();
    const { style } = this.scroller;
    style.setProperty('--columns', this.columns.map((column) => `${column.width}px`).join(' '));
    style.setProperty('--row', `${this.rowHeight}px`);
    const total = this.columns.reduce((sum, column) => sum + column.width, 0);
    this.space.style.height = `${this.order.length * this.rowHeight}px`;
    for (const part of [this.head, this.space, this.foot]) part.style.width = `${total}px`;
    this.showFoot();
    this.viewHeight = root.room - (this.filter.hidden ? 0 : 34) - (this.remark.hidden ? 0 : 20);
    this.scroller.style.height = `${Math.max(0, this.viewHeight)}px`;
    this.showRows(true);
  }

  /** Widths from what the cells say, then fitted to the panel; a width only grows, so that columns stand still. */
  measure() {
    const { columns, frame, root } = this;
    const sample = Math.min(frame.length, 80);
    for (const column of columns) {
      let widest = this.options.showHeader === false ? 0 : textWidth(column.name, headFont) + 34;
      const stride = Math.max(1, Math.floor(frame.length / sample));
      for (let row = 0; row < frame.length; row += stride) widest = Math.max(widest, textWidth(this.text(column, row).slice(0, 120), cellFont) + 22);
      if (column.cell === 'gauge') widest += 84;
      column.measured = Math.max(column.measured, Math.min(Math.ceil(widest), 420));
      const fixed = Number(column.config.custom.width);
      column.fixed = fixed > 0;
      column.width = column.fixed ? fixed : Math.max(column.measured, Number(column.config.custom.minWidth) || 0);
    }
    const total = columns.reduce((sum, column) => sum + column.width, 0);
    const bar = this.order.length * this.rowHeight > root.room - 34 ? 11 : 0;
    const over = root.width - bar - total;
    const loose = columns.filter((column) => !column.fixed);
    const base = loose.length > 0 ? loose : columns;
    const sum = base.reduce((all, column) => all + column.width, 0);
    if (over >= 0) {
      // Rounded up to the last, which takes what is left: no strip of nothing at the right.
      let left = over;
      for (const [at, column] of base.entries()) {
        const more = at === base.length - 1 ? left : Math.floor(over * column.width / sum);
        column.width += more;
        left -= more;
      }
    } else {
      const long = base.filter((column) => (!column.isNumber || column.cell === 'gauge') && column.width > 110);
      const room = long.reduce((all, column) => all + column.width - 110, 0);
      for (const column of long) column.width -= Math.floor(Math.min(1, -over / Math.max(1, room)) * (column.width - 110));
      // What is a little too wide still is made a little narrower everywhere, rather than cut off at the last column.
      const rest = columns.reduce((all, column) => all + column.width, 0);
      const fit = (root.width - bar) / rest;
      if (fit < 1 && fit > 0.86) for (const column of columns) column.width = Math.floor(column.width * fit);
    }
  }

  showRows(all = false) {
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / this.rowHeight) - 3);
    const count = Math.max(0, Math.min(this.order.length - first, Math.ceil(Math.max(0, this.viewHeight ?? 0) / this.rowHeight) + 7));
    if (!all && first === this.firstRow && count === this.rowCount) return;
    this.firstRow = first;
    this.rowCount = count;
    while (this.rows.length < count) this.rows.push(this.addRow());
    for (let at = 0; at < this.rows.length; at++) {
      const row = this.rows[at];
      row.element.hidden = at >= count;
      if (at < count) this.fillRow(row, first + at, all);
    }
  }

  addRow() {
    const element = make('div', 'draw-row');
    element.setAttribute('role', 'row');
    const cells = this.columns.map((column) => {
      const cell = make('div', `cell ${column.align}${column.cell === 'gauge' ? ' gauge' : ''}`);
      cell.setAttribute('role', 'cell');
      element.append(cell);
      return { element: cell, text: null, bar: null, link: null };
    });
    this.space.append(element);
    return { element, cells, place: -1 };
  }

  fillRow(row, place) {
    const source = this.order[place];
    row.element.style.transform = `translateY(${place * this.rowHeight}px)`;
    row.element.setAttribute('aria-rowindex', String(place + 2));
    row.element.style.background = '';
    row.element.style.color = '';
    for (let at = 0; at < this.columns.length; at++) this.fillCell(row, row.cells[at], this.columns[at], source);
  }

  fillCell(row, cell, column, source) {
    const { theme } = this.root;
    const value = this.value(column, source);
    const text = this.text(column, source);
    const { element } = cell;
    const shown = column.cell === 'auto' || column.isTime ? null : display(column.config, value, theme, { index: column.index, name: column.name }, column.low, column.high);
    const color = shown && (value !== null || shown.mapped) ? shown.color : null;
    const links = column.config.links?.length ? linksOf(column.config.links, { ...this.scope, series: { name: column.name, labels: column.field.labels }, row: source, value, text }) : [];
    let content = element;
    if (column.cell === 'gauge' && typeof value === 'number') {
      cell.bar ??= this.addBar(cell);
      content = cell.bar.text;
      fillBar(cell.bar, column, value, color, theme);
    } else if (cell.bar) {
      cell.bar = null;
      element.replaceChildren();
    }
    if (links.length > 0) {
      if (!cell.link || cell.link.parentNode !== content) {
        content.textContent = '';
        content.append(cell.link = anchor(links[0], this.root.context, text));
      } else pointAnchor(cell.link, links[0]);
      setText(cell.link, text);
    } else {
      cell.link = null;
      setText(content, text);
    }
    element.title = text.length > 12 ? text : '';
    const painted = color && color !== theme.text && color !== 'transparent';
    element.style.background = '';
    element.style.color = '';
    if (column.cell === 'color-background' && painted) {
      const toned = mix(color, theme.background, theme.name === 'dark' ? 0.36 : 0);
      const target = column.cellOptions.applyToRow ? row.element : element;
      target.style.background = column.cellOptions.mode === 'gradient' ? `linear-gradient(120deg, ${mix(toned, theme.background, 0.2)}, ${toned})` : toned;
      target.style.color = textOn(toned, theme.background);
      element.classList.toggle('painted', target === element);
    } else if ((column.cell === 'color-text' || column.cell === 'gauge') && color) content.style.color = this.root.textColor(color);
    else if (cell.bar) content.style.color = '';
  }

  addBar(cell) {
    const bar = { track: make('span', 'track'), fill: make('span', 'fill'), text: make('span', 'text') };
    bar.track.append(bar.fill);
    cell.element.replaceChildren(bar.track, bar.text);
    return bar;
  }

  /** A last line of sums, where a board asks for it. */
  showFoot() {
    const { footer } = this.options;
    this.foot.hidden = footer?.show !== true;
    if (this.foot.hidden) return;
    const wanted = Array.isArray(footer.fields) ? footer.fields : footer.fields ? [footer.fields] : null;
    this.foot.replaceChildren(...this.columns.map((column, at) => {
      let text = '';
      if (footer.countRows) text = at === 0 ? `${this.root.words.calcs.count}: ${this.order.length}` : '';
      else if (column.isNumber && (!wanted || wanted.includes(column.name))) {
        const value = reduce(Float64Array.from(this.order, (row) => this.value(column, row) ?? NaN), footer.reducer?.[0] ?? 'sum');
        text = value === null ? '' : displayText(column.config, value, this.root.theme);
      } else if (at === 0 && !column.isNumber) text = this.root.words.calcs[footer.reducer?.[0] ?? 'sum'] ?? '';
      return make('div', `cell ${column.align}`, text);
    }));
  }
}

const legacyTypes = { 'color-background-solid': 'color-background', 'gradient-gauge': 'gauge', 'lcd-gauge': 'gauge', basic: 'gauge' };

/** Ends of a column's gauge and colours: the board's, else its own values'. */
function boundsOf({ field, config }) {
  let low = config.min;
  let high = config.max;
  if (typeof low !== 'number' || typeof high !== 'number') {
    let least = Infinity;
    let most = -Infinity;
    for (const raw of field.values) {
      const value = numberOf(raw);
      if (value === null || !Number.isFinite(value)) continue;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    low ??= config.unit === 'percentunit' || config.unit === 'percent' ? 0 : Math.min(0, least);
    high ??= config.unit === 'percentunit' ? 1 : config.unit === 'percent' ? 100 : most;
  }
  return { low, high };
}

function fillBar(bar, column, value, color, theme) {
  const share = column.high > column.low ? Math.min(1, Math.max(0, (value - column.low) / (column.high - column.low))) || 0 : 0;
  const mode = column.cellOptions.mode ?? 'basic';
  const shade = color ?? theme.muted;
  bar.track.style.background = theme.track;
  let paint = shade;
  if (mode === 'gradient') {
    const ramp = column.config.color?.mode?.startsWith('continuous') ? rampOf(column.config.color.mode, theme) : steps(column.config.thresholds, theme, column.low, column.high).map((step) => step.color);
    paint = ramp.length > 1 ? `linear-gradient(to right, ${ramp.join(', ')})` : `linear-gradient(to right, ${alpha(shade, 0.5)}, ${shade})`;
  }
  bar.fill.style.background = paint;
  bar.fill.style.clipPath = `inset(0 ${Math.round((1 - share) * 1000) / 10}% 0 0)`;
  bar.track.classList.toggle('unlit', mode === 'lcd');
  bar.text.hidden = column.cellOptions.valueDisplayMode === 'hidden';
}

/** Without a frame, the series as rows of names and last values. */
function frameOf(data) {
  const { series } = data;
  const config = series[0]?.field ?? {};
  return {
    length: series.length,
    fields: series.length === 0 ? [] : [
      { name: 'Series', type: 'string', config: {}, values: series.map((entry) => entry.name) },
      { name: 'Value', type: 'number', config, values: series.map((entry) => reduce(entry.values, 'lastNotNull')) },
    ],
  };
}
