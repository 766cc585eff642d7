// Lines of a log, newest first unless the board says otherwise. A click on a line shows its labels.

import { named } from '../draw/colors.js';
import { make, setText } from '../draw/canvas.js';

const most = 1000;
const levels = [[/^(emerg|alert|crit|fatal|[012]$)/i, 'purple'], [/^(err|[3]$)/i, 'red'], [/^(warn|[4]$)/i, 'orange'], [/^(info|notice|[56]$)/i, 'green'], [/^(debug|trace|[7]$)/i, 'blue']];

export function drawLogs(root) {
  const { options, body, words, panel, context } = root;
  const list = make('div', 'draw-lines');
  const remark = make('div', 'draw-remark');
  const rows = [];
  const open = new Set();
  body.classList.toggle('wraps', options.wrapLogMessage === true);
  Object.assign(list, { tabIndex: 0, role: 'log', ariaLabel: panel.title ?? '' });
  body.append(list, remark);

  const add = () => {
    const [mark, time, text, labels] = [make('i'), make('time'), make('span', 'text'), make('dl')];
    const row = { element: make('div', 'draw-line', mark, time, text, labels), mark, time, text, labels };
    row.element.addEventListener('click', () => {
      if (options.enableLogDetails === false || getSelection()?.toString()) return;
      if (!open.delete(row.key)) open.add(row.key);
      showLabels(row);
    });
    rows.push(row);
    list.append(row.element);
    return row;
  };
  const showLabels = ({ key, labels, entry }) => {
    labels.hidden = !open.has(key) && options.showLabels !== true;
    if (!labels.hidden) labels.replaceChildren(...Object.entries(entry.labels).flatMap(([name, value]) => [make('dt', '', name), make('dd', '', value)]));
  };

  const update = (data) => {
    const turn = options.sortOrder === 'Ascending' ? 1 : -1;
    const all = [...data.logs].sort((a, b) => turn * (a.time - b.time || (a.order < b.order ? -1 : a.order > b.order ? 1 : 0)));
    const shown = all.slice(0, most);
    root.say(data, shown.length > 0);
    for (const [at, entry] of shown.entries()) {
      const row = rows[at] ?? add();
      const { time, order, line, level } = entry;
      Object.assign(row, { entry, key: `${order} ${line.slice(0, 80)}` });
      row.element.hidden = false;
      const [, color] = levels.find(([pattern]) => pattern.test(level)) ?? [];
      row.mark.style.background = color ? named(color, root.theme) : root.theme.axis;
      row.mark.title = level;
      row.time.hidden = options.showTime === false;
      setText(row.time, context.format.dateTime(time));
      setText(row.text, options.prettifyLogMessage === true ? pretty(line) : line);
      showLabels(row);
    }
    for (const row of rows.slice(shown.length)) row.element.hidden = true;
    remark.hidden = all.length <= most;
    setText(remark, words.truncated(most));
  };
  return { update };
}

function pretty(line) {
  try {
    return JSON.stringify(JSON.parse(line), null, 2);
  } catch {
    return line;
  }
}
