// Lines of a log, newest first unless the board says otherwise. A click on a line shows its labels.

import { named } from '../draw/colors.js';
import { make, setText } from '../draw/canvas.js';
import { asPanel, PanelRoot } from './base.js';

const most = 1000;
const levels = [[/^(emerg|alert|crit|fatal|[012]$)/i, 'purple'], [/^(err|[3]$)/i, 'red'], [/^(warn|[4]$)/i, 'orange'], [/^(info|notice|[56]$)/i, 'green'], [/^(debug|trace|[7]$)/i, 'blue']];

export function create(panel, element, context) {
  const root = new PanelRoot(panel, element, context, 'logs');
  const options = panel.options ?? {};
  root.body.classList.toggle('wraps', options.wrapLogMessage === true);
  const list = make('div', 'draw-lines');
  list.tabIndex = 0;
  list.setAttribute('role', 'log');
  list.setAttribute('aria-label', panel.title ?? '');
  const remark = make('div', 'draw-remark');
  root.body.append(list, remark);
  const rows = [];
  const open = new Set();
  const add = () => {
    const row = { element: make('div', 'draw-line'), mark: make('i'), time: make('time'), text: make('span', 'text'), labels: make('dl') };
    row.element.append(row.mark, row.time, row.text, row.labels);
    if (options.enableLogDetails !== false) {
      row.element.addEventListener('click', () => {
        if (getSelection()?.toString()) return;
        if (!open.delete(row.key)) open.add(row.key);
        details(row);
      });
    }
    rows.push(row);
    list.append(row.element);
    return row;
  };
  const details = (row) => {
    const wanted = open.has(row.key) || options.showLabels === true;
    row.labels.hidden = !wanted;
    if (wanted) row.labels.replaceChildren(...Object.entries(row.entry.labels).flatMap(([name, value]) => [make('dt', '', name), make('dd', '', value)]));
  };
  const update = (data) => {
    const turn = options.sortOrder === 'Ascending' ? 1 : -1;
    const sorted = [...(data.logs ?? [])].sort((a, b) => turn * (a.time - b.time || (a.order < b.order ? -1 : a.order > b.order ? 1 : 0)));
    const shown = sorted.slice(0, most);
    root.say(data, shown.length > 0);
    for (const [at, entry] of shown.entries()) {
      const row = rows[at] ?? add();
      row.entry = entry;
      row.key = `${entry.order ?? entry.time} ${entry.line.slice(0, 80)}`;
      row.element.hidden = false;
      const level = levels.find(([pattern]) => pattern.test(entry.level));
      row.mark.style.background = level ? named(level[1], root.theme) : root.theme.axis;
      row.mark.title = entry.level;
      row.time.hidden = options.showTime === false;
      setText(row.time, context.format.dateTime(entry.time));
      setText(row.text, options.prettifyLogMessage === true ? pretty(entry.line) : entry.line);
      details(row);
    }
    for (let at = shown.length; at < rows.length; at++) rows[at].element.hidden = true;
    remark.hidden = sorted.length <= most;
    if (!remark.hidden) setText(remark, root.words.truncated(most));
  };
  return asPanel(root, { update, layout() {} });
}

function pretty(line) {
  try {
    return JSON.stringify(JSON.parse(line), null, 2);
  } catch {
    return line;
  }
}
