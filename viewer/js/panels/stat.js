// The stat panel: a number as large as its box allows, its colour, and a small line of how it came to be.

import { alpha, mix, textOn, toned } from '../draw/colors.js';
import { clamp, fittingSize, font, keepRows, make, setText, Surface, textWidth } from '../draw/canvas.js';
import { drawSparkline } from '../draw/sparkline.js';
import { formatText } from '../draw/units.js';
import { fadesBelow } from './base.js';
import { asField } from './fields.js';
import { coverWith } from './links.js';
import { reduce } from './reduce.js';
import { asZeros, cellGrid, inWords, longestOf, reducedValues } from './reduced.js';

// The smallest type, and the height of a cell where a name stands beside such a number, and above it.
const smallest = 12;
const besideHeight = 22;
const aboveHeight = 30;
const besideWidth = 120;
// What the line of a change takes.
const changeLine = 14;

export function drawStat(root) {
  const { options, body, panel } = root;
  const { orientation, colorMode = 'value', graphMode, justifyMode = 'auto', textMode = 'auto', showPercentChange, text } = options;
  const cells = [];
  let values = null;
  const look = fadesBelow(body);
  body.role = 'group';

  const update = (data) => {
    values = reducedValues(root, data);
    // A board may have a word for nothing; then nothing is a value like others, and why is told to whoever points at it.
    const isEmpty = values.length === 0 && data.errors.length === 0;
    if (isEmpty) values = nothing(data);
    const isWord = isEmpty && values.length > 0;
    root.say(isWord ? { errors: [], reason: null } : data, values.length > 0);
    body.title = isWord ? data.reason ?? '' : '';
    body.ariaLabel = inWords(panel.title, values);
    keepRows(cells, values.length, addCell);
    layout();
  };

  const nothing = (data) => {
    const field = asField(panel.defaults);
    if (!field.noValue && !field.mappings.some((mapping) => mapping.type === 'special')) return [];
    const none = new Float64Array(0);
    return [{ ...reducedValues(root, { ...data, series: [{ name: '', index: 0, labels: {}, times: none, values: none, field, instant: true }] })[0], isEmpty: true }];
  };

  const addCell = () => {
    const [name, value, change] = ['name', 'value', 'change'].map((part) => make('div', part));
    const parts = ['prefix', 'text', 'suffix'].map((part) => make('span', part));
    value.append(...parts);
    const element = make('div', 'draw-stat-cell', make('div', 'words', name, value, change));
    body.append(element);
    return { element, name, value, change, parts };
  };

  const hasLine = ({ series }) => graphMode === 'area' && series.values?.length > 2 && !series.instant;

  const layout = () => {
    if (!values) return;
    const { length } = values;
    // A board's word for nothing is shown in any case.
    const mode = values[0]?.isEmpty ? 'value' : textMode;
    const hasNames = mode === 'value_and_name' || (mode === 'auto' && length > 1);
    const longest = longestOf(values.map((entry) => mode === 'name' ? entry.name : asZeros(entry.words)));
    const changeHeight = showPercentChange ? changeLine : 0;
    const leastWidth = Math.min(besideWidth, textWidth(longest, font(smallest, 500)) + 20);
    const leastHeight = (width) => (hasNames && width <= besideWidth ? aboveHeight : besideHeight) + changeHeight;
    const grid = cellGrid(length, root.width, root.room, orientation, 2.4, (width, height) => width < leastWidth || height < leastHeight(width) ? 0 : height < 44 ? 0.85 : 1);
    // Where even small type does not fit they are a list, which scrolls.
    const isList = length > 1 && grid.size === 0;
    const columns = isList ? clamp(Math.floor(root.width / (besideWidth + 40)), 1, length) : grid.columns;
    const gap = isList || root.room / grid.rows < 44 ? 2 : 6;
    const width = (root.width - gap * (columns - 1)) / columns;
    const height = isList ? leastHeight(width) : (root.room - gap * (grid.rows - 1)) / grid.rows;
    Object.assign(body.style, { gap: `${gap}px`, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, gridAutoRows: `${Math.floor(height * 10) / 10}px` });
    // One size for all cells: numbers side by side are compared, and must not shout differently.
    const isWide = hasNames && width > besideWidth && height < 64;
    const isTight = height < 44;
    const withLine = values.some(hasLine) && height > 90;
    const room = (withLine ? height * 0.62 : height) - changeHeight;
    const titleSize = Number(text?.titleSize) || clamp(Math.round(height * 0.16), 11, 17);
    const valueRoom = hasNames && !isWide ? room - titleSize * (isTight ? 1.15 : 1.5) - (isTight ? 2 : 10) : room - (isTight ? 4 : isWide ? 8 : 14);
    const fitting = fittingSize(longest, (width - 20) * (isWide ? 0.55 : 1), valueRoom / 1.15, smallest, 52);
    // A word for nothing is as small as the reasons for it are elsewhere.
    const isWord = values[0]?.isEmpty && !values[0].mapped && !Number.isFinite(Number(longest));
    const size = isWord ? 13 : Number(text?.valueSize) || (fitting > 20 ? Math.floor(fitting / 2) * 2 : fitting);
    for (const [at, entry] of values.entries()) fill(cells[at], entry, { mode, hasNames, isWide, isWord, withLine, titleSize, size, width, height });
    if (isList) look();
    else body.classList.remove('more');
  };

  const fill = (cell, entry, { mode, hasNames, isWide, isWord, withLine, titleSize, size, width, height }) => {
    const { theme } = root;
    const { element, name, value, parts } = cell;
    const ratio = size >= 24 ? 3 : 4.5;
    const isGround = colorMode.startsWith('background');
    // A value in the text's own colour says nothing about good or bad, and gets no ground.
    const isPainted = isGround && entry.color !== theme.text && entry.color !== 'transparent';
    let color = isWord ? theme.muted : isGround || colorMode === 'value' ? root.textColor(entry.color, ratio) : theme.text;
    if (isPainted) {
      const ground = toned(entry.color, theme);
      const second = colorMode === 'background_solid' ? ground : mix(ground, theme.background, theme.name === 'dark' ? 0.2 : 0.12);
      element.style.background = `linear-gradient(120deg, ${second}, ${ground})`;
      color = textOn(ground, theme.background, ratio);
    } else element.style.background = '';
    element.style.color = color;
    const isCentred = justifyMode === 'center' || (justifyMode === 'auto' && values.length === 1);
    for (const [part, is] of Object.entries({ wide: isWide, painted: isPainted, center: isCentred, 'with-line': withLine })) element.classList.toggle(part, is);
    const quiet = isPainted ? color : theme.muted;
    name.hidden = !hasNames;
    setText(name, entry.name);
    name.title = entry.name;
    Object.assign(name.style, { fontSize: `${titleSize}px`, color: quiet });
    value.hidden = mode === 'none';
    value.style.fontSize = `${size}px`;
    const texts = mode === 'name' ? ['', entry.name, ''] : [entry.prefix, entry.text, entry.suffix];
    for (const [at, part] of parts.entries()) setText(part, texts[at]);
    const share = showPercentChange && typeof entry.value === 'number' ? reduce(entry.series.values ?? [], 'diffperc') : null;
    cell.change.hidden = share === null;
    setText(cell.change, share === null ? '' : `${share > 0 ? '▲ ' : share < 0 ? '▼ ' : ''}${formatText(Math.abs(share), 'percentunit', 1)}`);
    cell.change.style.color = quiet;
    coverWith(cell, entry.links, root.context, `${entry.name} ${entry.text}`);
    drawLine(cell, entry, width, height, isPainted ? alpha(color, 0.55) : entry.color, withLine && hasLine(entry));
  };

  const drawLine = (cell, entry, width, height, color, isWanted) => {
    if (!isWanted) {
      cell.line?.element.remove();
      cell.line = null;
      return;
    }
    if (!cell.line) {
      cell.line = new Surface('spark');
      cell.line.element.ariaHidden = 'true';
      cell.element.prepend(cell.line.element);
    }
    cell.line.resize(Math.floor(width), Math.floor(height * 0.4));
    drawSparkline(cell.line, entry.series, color, root.data.from, root.data.to, root.theme);
  };

  return { update, layout };
}
