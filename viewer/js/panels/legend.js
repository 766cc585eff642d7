// Names and numbers of the series, below or beside the picture. A click shows one series alone, a click with Ctrl or
// Shift takes one out or puts it back; arrow keys go from one to the next.

import { clamp, keepRows, make, setText } from '../draw/canvas.js';
import { fadesBelow } from './base.js';
import { displayText } from './values.js';
import { calcField, reduce } from './reduce.js';

/** `changed()` is called when other series are to be shown; `hovered(name|null)` when the pointer is on a name. */
export function makeLegend(root, changed, hovered = () => {}) {
  const { words } = root;
  const { displayMode, placement, showLegend, sortBy, sortDesc, width: wantedWidth } = root.options.legend ?? {};
  const calcs = root.options.legend?.calcs ?? [];
  const isTable = displayMode === 'table';
  const isWanted = showLegend !== false && displayMode !== 'hidden';
  const isRight = placement === 'right';
  const labelOf = (id) => words.calcs[id] ?? id;
  const element = make('div', `draw-legend ${isTable ? 'table' : 'list'}`);
  const head = make('tr');
  const list = isTable ? make('tbody') : element;
  const rows = [];
  let hidden = new Set();
  let sort = sortBy ? { by: sortBy, down: sortDesc === true } : null;
  let items = [];
  let layoutKey, placedKey, ownHeight;
  const look = fadesBelow(element);

  const makeButton = (...content) => {
    const button = make('button', '', ...content);
    button.type = 'button';
    return button;
  };
  if (isTable) {
    for (const label of [words.name, ...calcs.map(labelOf)]) {
      const button = makeButton(label);
      button.dataset.sort = label;
      head.append(make('th', '', button));
    }
    element.append(make('table', '', make('thead', '', head), list));
  }

  const orderOf = (numbers) => {
    const order = items.map((_, at) => at);
    if (!sort || !isTable) return order;
    const column = calcs.findIndex((id) => labelOf(id) === sort.by || id === sort.by);
    const turn = sort.down ? -1 : 1;
    if (column < 0) return order.sort((a, b) => turn * items[a].series.name.localeCompare(items[b].series.name, undefined, { numeric: true }));
    return order.sort((a, b) => turn * ((numbers[a][column] ?? -Infinity) - (numbers[b][column] ?? -Infinity)) || a - b);
  };

  const addRow = () => {
    const swatch = make('i');
    const name = make('span', 'name');
    const button = makeButton(swatch, name);
    button.tabIndex = rows.length === 0 ? 0 : -1;
    const values = calcs.map(() => make(isTable ? 'td' : 'span', 'value'));
    const row = make(isTable ? 'tr' : 'div', 'draw-legend-row', isTable ? make('td', 'first', button) : button, ...values);
    list.append(row);
    return { element: row, button, swatch, name, values };
  };

  const fill = (row, { series, color }, numbers) => {
    const { name, field } = series;
    setText(row.name, name);
    if (row.button.title !== name) row.button.title = name;
    if (row.color !== color) row.swatch.style.background = row.color = color;
    row.button.ariaPressed = String(!hidden.has(name));
    row.element.classList.toggle('off', hidden.has(name));
    for (const [at, number] of (numbers ?? []).entries()) {
      const text = number === null ? '–' : displayText(calcField(field, calcs[at]), number, root.theme);
      setText(row.values[at], isTable ? text : `${labelOf(calcs[at])}: ${text}`);
    }
  };

  /** `next`: `[{series, color}]` of those that have a legend. */
  const update = (next) => {
    items = next;
    const names = new Set(items.map((item) => item.series.name));
    for (const name of hidden) if (!names.has(name)) hidden.delete(name);
    if (!isWanted) return;
    layoutKey = isTable ? items.length : [...names].join();
    const numbers = calcs.length > 0 ? items.map(({ series }) => calcs.map((id) => reduce(series.values, id))) : null;
    keepRows(rows, items.length, addRow);
    for (const [at, item] of orderOf(numbers).entries()) fill(rows[at], items[item], numbers?.[item]);
    if (rows.length > 0 && !rows.some((row) => row.button.tabIndex === 0)) rows[0].button.tabIndex = 0;
    for (const cell of head.children) cell.ariaSort = sort?.by !== cell.firstChild.dataset.sort ? 'none' : sort.down ? 'descending' : 'ascending';
  };

  const rowOf = (target) => rows.find((row) => row.element.contains(target));

  const toggle = (name, single) => {
    const names = [...new Set(items.map((item) => item.series.name))];
    if (!single) hidden.delete(name) || hidden.add(name);
    else hidden = new Set(!hidden.has(name) && hidden.size === names.length - 1 ? [] : names.filter((other) => other !== name));
    if (hidden.size === names.length) hidden.clear();
    changed();
  };

  element.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    const by = button?.dataset.sort;
    if (by) {
      sort = { by, down: sort?.by === by ? !sort.down : by !== words.name };
      update(items);
    } else if (button) toggle(rowOf(button).name.textContent, !(event.ctrlKey || event.metaKey || event.shiftKey));
  });
  element.addEventListener('keydown', (event) => {
    const at = rows.findIndex((row) => row.button === document.activeElement);
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    const next = rows[clamp(at + step, 0, rows.length - 1)].button;
    rows[at].button.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  element.addEventListener('pointerover', (event) => hovered(rowOf(event.target)?.name.textContent ?? null));
  element.addEventListener('pointerleave', () => hovered(null));

  return {
    element, update,
    isHidden: (name) => hidden.has(name),

    /**
     * Takes its place in the panel and returns what is left for the picture. The browser is asked for the height only
     * when something else than numbers changed: asking makes it lay out the whole page.
     */
    place() {
      const { width, room: height } = root;
      const isAside = isWanted && isRight && width >= 480;
      root.frame.classList.toggle('aside', isAside);
      // A panel too low for both has no legend.
      element.hidden = !isWanted || height < 90;
      if (element.hidden) return [width, height];
      const key = `${width} ${height} ${layoutKey}`;
      const own = isAside ? Math.round(Number(wantedWidth) || Math.min(width * (isTable ? 0.4 : 0.28), isTable ? 140 + calcs.length * 76 : 220)) : 0;
      if (key !== placedKey) {
        placedKey = key;
        const most = isAside ? height : Math.round(isTable ? Math.max(64, height * 0.36) : Math.max(24, Math.min(height * 0.3, height < 180 ? 24 : 96)));
        element.classList.toggle('one', !isTable && most < 30);
        element.style.width = isAside ? `${own}px` : '';
        element.style.maxHeight = `${most}px`;
        ownHeight = isAside ? 0 : Math.min(most, element.scrollHeight);
        look();
      }
      return [width - own, height - ownHeight];
    },
  };
}
