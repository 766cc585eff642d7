// The stat panel: a number as large as its box allows, its colour, and a small line of how it came to be.

import { alpha, mix, textOn, toned } from '../draw/colors.js';
import { clamp, fittingSize, keepRows, make, setText, Surface } from '../draw/canvas.js';
import { drawSparkline } from '../draw/sparkline.js';
import { formatText } from '../draw/units.js';
import { asField } from './fields.js';
import { coverWith } from './links.js';
import { reduce } from './reduce.js';
import { asZeros, cellGrid, inWords, longestOf, reducedValues } from './reduced.js';

const gap = 6;

export function drawStat(root) {
  const { options, body, panel } = root;
  const { orientation, colorMode = 'value', graphMode, justifyMode = 'auto', textMode = 'auto', showPercentChange, text } = options;
  const cells = [];
  let values = null;
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
    const grid = cellGrid(values.length, root.width, root.room, orientation, 2.4);
    const width = (root.width - gap * (grid.columns - 1)) / grid.columns;
    const height = Math.max(38, (root.room - gap * (grid.rows - 1)) / grid.rows);
    body.style.gridTemplateColumns = `repeat(${grid.columns}, minmax(0, 1fr))`;
    body.style.gridAutoRows = `${Math.floor(height * 10) / 10}px`;
    // A board's word for nothing is shown in any case.
    const mode = values[0]?.isEmpty ? 'value' : textMode;
    const hasNames = mode === 'name' || mode === 'value_and_name' || (mode === 'auto' && values.length > 1);
    // One size for all cells: numbers side by side are compared, and must not shout differently.
    const isWide = hasNames && mode !== 'name' && height < 64 && width > 120;
    const withLine = values.some(hasLine) && height > 90;
    const room = withLine ? height * 0.62 : height;
    const titleSize = Number(text?.titleSize) || clamp(Math.round(height * 0.16), 11, 17);
    const valueRoom = isWide ? room - 8 : hasNames ? room - titleSize * 1.5 - 10 : room - 14;
    const longest = longestOf(values.map((entry) => mode === 'name' ? entry.name : asZeros(entry.words)));
    const fitting = fittingSize(longest, (width - 20) * (isWide ? 0.55 : 1), valueRoom / 1.15, 12, 52);
    const size = Number(text?.valueSize) || (fitting > 20 ? Math.floor(fitting / 2) * 2 : fitting);
    for (const [at, entry] of values.entries()) fill(cells[at], entry, { mode, hasNames, isWide, withLine, titleSize, size, width, height });
  };

  const fill = (cell, entry, { mode, hasNames, isWide, withLine, titleSize, size, width, height }) => {
    const { theme } = root;
    const { element, name, value, parts } = cell;
    const ratio = size >= 24 ? 3 : 4.5;
    const isGround = colorMode.startsWith('background');
    // A value in the text's own colour says nothing about good or bad, and gets no ground.
    const isPainted = isGround && entry.color !== theme.text && entry.color !== 'transparent';
    let color = isGround || colorMode === 'value' ? root.textColor(entry.color, ratio) : theme.text;
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
    name.hidden = !hasNames || mode === 'name';
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
