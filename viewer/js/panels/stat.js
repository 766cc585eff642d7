// The stat panel: a number as large as its box allows, its colour, and a small line of how it came to be.

import { alpha, mix, textOn } from '../draw/colors.js';
import { fittingSize, make, setText, Surface } from '../draw/canvas.js';
import { drawSparkline, sparklineItem } from '../draw/sparkline.js';
import { asPanel, PanelRoot } from './base.js';
import { asField } from './fields.js';
import { anchor, pointAnchor } from './links.js';
import { reduce } from './reduce.js';
import { cellGrid, inWords, reducedValues } from './reduced.js';
import { formatText } from '../draw/units.js';

export function create(panel, element, context) {
  const root = new PanelRoot(panel, element, context, 'stat');
  return asPanel(root, new StatPanel(root));
}

class StatPanel {
  constructor(root) {
    this.root = root;
    this.options = root.panel.options ?? {};
    this.cells = [];
    this.line = sparklineItem();
    root.body.setAttribute('role', 'group');
  }

  update(data) {
    const { root } = this;
    this.values = reducedValues(root.panel, data, root.context, root.theme);
    // A board may have words for nothing; then nothing is a value like others.
    if (this.values.length === 0 && data.errors.length === 0) this.values = this.nothing(data);
    // A word for nothing is the answer; why there is nothing is told to whoever points at it.
    const isWord = this.values[0]?.empty === true;
    root.say(isWord ? { errors: [], reason: null } : data, this.values.length > 0);
    root.body.title = isWord ? data.reason ?? '' : '';
    root.body.setAttribute('aria-label', inWords(root.panel.title, this.values));
    while (this.cells.length < this.values.length) this.cells.push(this.addCell());
    while (this.cells.length > this.values.length) this.cells.pop().element.remove();
    this.layout();
  }

  nothing(data) {
    const { root } = this;
    const field = asField(root.panel.defaults);
    if (!field.noValue && !field.mappings.some((mapping) => mapping.type === 'special')) return [];
    const series = { name: '', index: 0, labels: {}, times: new Float64Array(0), values: new Float64Array(0), field, instant: true };
    const [value] = reducedValues(root.panel, { ...data, series: [series] }, root.context, root.theme);
    value.empty = true;
    return [value];
  }

  addCell() {
    const element = make('div', 'draw-stat-cell');
    const cell = { element, name: make('div', 'name'), value: make('div', 'value'), prefix: make('span', 'prefix'), text: make('span'), suffix: make('span', 'suffix'), change: make('div', 'change'), spark: null, link: null };
    cell.value.append(cell.prefix, cell.text, cell.suffix);
    const words = make('div', 'words');
    words.append(cell.name, cell.value, cell.change);
    cell.words = words;
    element.append(words);
    this.root.body.append(element);
    return cell;
  }

  layout() {
    const { root, values, options } = this;
    if (!values) return;
    const gap = 6;
    const grid = cellGrid(values.length, root.width, root.room, options.orientation === 'horizontal' ? 'horizontal' : options.orientation === 'vertical' ? 'vertical' : 'auto', 2.4);
    const width = (root.width - gap * (grid.columns - 1)) / grid.columns;
    const height = Math.max(38, (root.room - gap * (grid.rows - 1)) / grid.rows);
    root.body.style.gridTemplateColumns = `repeat(${grid.columns}, minmax(0, 1fr))`;
    root.body.style.gridAutoRows = `${Math.floor(height * 10) / 10}px`;
    const names = this.showsNames();
    // One size for all cells: numbers side by side are compared, and must not shout differently.
    const sizes = this.sizes(width, height, names);
    for (const [at, entry] of values.entries()) this.fill(this.cells[at], entry, width, height, names, sizes);
  }

  /** What a board wants shown of a value; its word for nothing is shown in any case. */
  get mode() {
    return this.values[0]?.empty ? 'value' : this.options.textMode ?? 'auto';
  }

  showsNames() {
    const { mode } = this;
    return mode === 'name' || mode === 'value_and_name' || (mode === 'auto' && this.values.length > 1);
  }

  hasLine(entry) {
    return this.options.graphMode === 'area' && entry.series.values?.length > 2 && !entry.series.instant;
  }

  sizes(width, height, names) {
    const { mode } = this;
    const wide = names && mode !== 'name' && height < 64 && width > 120;
    const line = this.values.some((entry) => this.hasLine(entry)) && height > 90;
    const inner = width - 20;
    const longest = (text) => this.values.reduce((long, entry) => (text(entry).length > long.length ? text(entry) : long), '');
    // Digits are measured as zeros, or the number would change its size whenever it changes.
    const value = longest((entry) => mode === 'name' ? entry.name : (entry.prefix + entry.text + entry.suffix).replace(/[0-9]/g, '0'));
    const room = line ? height * 0.62 : height;
    const titleSize = Number(this.options.text?.titleSize) || Math.max(11, Math.min(17, Math.round(height * 0.16)));
    const valueRoom = wide ? room - 8 : names ? room - titleSize * 1.5 - 10 : room - 14;
    const fitted = fittingSize(value, wide ? inner * 0.55 : inner, valueRoom / 1.15, 12, 52);
    return { wide, line, title: names ? titleSize : 0, value: Number(this.options.text?.valueSize) || (fitted > 20 ? Math.floor(fitted / 2) * 2 : fitted) };
  }

  fill(cell, entry, width, height, names, sizes) {
    const { root, options } = this;
    const { theme } = root;
    const { mode } = this;
    const { element } = cell;
    const painted = (options.colorMode ?? 'value').startsWith('background') && !isTextColor(entry.color, theme);
    let color = theme.text;
    if (painted) {
      // Full colours over a whole wall tire the eye: they are toned towards the panel's own.
      const toned = mix(entry.color, theme.background, theme.name === 'dark' ? 0.36 : 0);
      const second = options.colorMode === 'background_solid' ? toned : mix(toned, theme.background, theme.name === 'dark' ? 0.2 : 0.12);
      element.style.background = `linear-gradient(120deg, ${second}, ${toned})`;
      color = textOn(toned, theme.background, sizes.value >= 24 ? 3 : 4.5);
    } else {
      element.style.background = '';
      if ((options.colorMode ?? 'value') === 'value' || (options.colorMode ?? '').startsWith('background')) color = root.textColor(entry.color, sizes.value >= 24 ? 3 : 4.5);
    }
    element.style.color = color;
    element.classList.toggle('wide', sizes.wide);
    element.classList.toggle('painted', painted);
    element.classList.toggle('center', options.justifyMode === 'center' || (options.justifyMode ?? 'auto') === 'auto' && this.values.length === 1);
    element.classList.toggle('with-line', sizes.line);
    const showsValue = mode !== 'name' && mode !== 'none';
    cell.name.hidden = !names || mode === 'name';
    setText(cell.name, entry.name);
    cell.name.title = entry.name;
    cell.name.style.fontSize = `${sizes.title || 12}px`;
    cell.name.style.color = painted ? color : theme.muted;
    cell.value.hidden = mode === 'none';
    cell.value.style.fontSize = `${sizes.value}px`;
    setText(cell.prefix, showsValue ? entry.prefix : '');
    setText(cell.text, showsValue ? entry.text : mode === 'name' ? entry.name : '');
    setText(cell.suffix, showsValue ? entry.suffix : '');
    this.change(cell, entry, painted, color);
    this.link(cell, entry);
    this.spark(cell, entry, width, height, painted ? alpha(color, 0.55) : entry.color, sizes.line && this.hasLine(entry));
  }

  change(cell, entry, painted, color) {
    const share = this.options.showPercentChange && typeof entry.value === 'number' ? reduce(entry.series.values, 'diffperc') : null;
    cell.change.hidden = share === null;
    if (share === null) return;
    setText(cell.change, `${share > 0 ? '▲ ' : share < 0 ? '▼ ' : ''}${formatText(Math.abs(share), 'percentunit', 1)}`);
    cell.change.style.color = painted ? color : this.root.theme.muted;
  }

  /** A link covers the whole cell. */
  link(cell, entry) {
    const link = entry.links[0];
    if (!link) {
      cell.link?.remove();
      cell.link = null;
      return;
    }
    if (!cell.link) cell.element.append(cell.link = anchor(link, this.root.context, '', 'draw-cover'));
    else pointAnchor(cell.link, link);
    cell.link.setAttribute('aria-label', `${entry.name} ${entry.text}: ${link.title}`);
  }

  spark(cell, entry, width, height, color, wanted) {
    if (!wanted) {
      cell.spark?.element.remove();
      cell.spark = null;
      return;
    }
    if (!cell.spark) {
      cell.spark = new Surface('spark');
      cell.spark.element.setAttribute('aria-hidden', 'true');
      cell.element.prepend(cell.spark.element);
    }
    cell.spark.resize(Math.floor(width), Math.floor(height * 0.4));
    drawSparkline(cell.spark, entry.series, color, this.root.data.from, this.root.data.to, this.root.theme, this.line);
  }
}

/** A value in the text's own colour says nothing about good or bad, and gets no ground. */
const isTextColor = (color, theme) => color === theme.text || color === 'transparent';
