// A cell of a table: its text or link, its colours, and its bar where it is a gauge.

import { alpha, isRamp, mix, rampOf, steps, textOn, toned } from '../draw/colors.js';
import { make, setText } from '../draw/canvas.js';
import { anchor, pointAnchor, rowLinks } from './links.js';
import { display, shareIn } from './values.js';

export function makeCell({ align, cell }) {
  const element = make('div', `cell ${align}${cell === 'gauge' ? ' gauge' : ''}`);
  element.role = 'cell';
  return { element, bar: null, link: null };
}

/** Shows the value of a row: `scope` is `{frame, row, value, text}`, `line` the row's element. */
export function fillCell(root, line, made, column, scope) {
  const { theme } = root;
  const { element } = made;
  const { config, name, cell, options, field, isTime, index, low, high } = column;
  const { value, text } = scope;
  const shown = cell === 'auto' || isTime ? null : display(config, value, theme, { index, name }, low, high);
  const color = shown && (value !== null || shown.mapped) ? shown.color : null;
  const isBar = cell === 'gauge' && typeof value === 'number';
  if (!isBar && made.bar) {
    made.bar = null;
    element.replaceChildren();
  }
  if (isBar) fillBar(made, column, value, color ?? theme.muted, theme);
  const content = made.bar?.text ?? element;
  // What is empty has nothing that could be clicked.
  const [link] = text === '' || text === '–' || value === '' ? [] : rowLinks(root, config, { ...scope, series: { name, labels: field.labels } });
  if (!link) {
    made.link = null;
    setText(content, text);
  } else if (made.link?.parentNode === content) {
    pointAnchor(made.link, link);
    setText(made.link, text);
  } else content.replaceChildren(made.link = anchor(link, root.context, text));
  element.title = text.length > 12 ? text : '';
  Object.assign(element.style, { background: '', color: '' });
  content.style.color = '';
  if (cell === 'color-background' && color && color !== theme.text && color !== 'transparent') {
    const ground = toned(color, theme);
    const target = options.applyToRow ? line : element;
    target.style.background = options.mode === 'gradient' ? `linear-gradient(120deg, ${mix(ground, theme.background, 0.2)}, ${ground})` : ground;
    target.style.color = textOn(ground, theme.background);
    element.classList.toggle('painted', target === element);
  } else if ((cell === 'color-text' || cell === 'gauge') && color) content.style.color = root.textColor(color);
}

function fillBar(made, column, value, color, theme) {
  const { low, high, config, options: { mode = 'basic', valueDisplayMode } } = column;
  if (!made.bar) {
    const [fill, text] = ['fill', 'text'].map((part) => make('span', part));
    made.bar = { fill, text, track: make('span', 'track', fill) };
    made.element.replaceChildren(made.bar.track, text);
  }
  const { track, fill, text } = made.bar;
  let stops = [color];
  if (mode === 'gradient') {
    stops = isRamp(config.color?.mode) ? rampOf(config.color.mode, theme) : steps(config.thresholds, theme, low, high).map((step) => step.color);
    if (stops.length < 2) stops = [alpha(color, 0.5), color];
  }
  track.style.background = theme.track;
  fill.style.background = stops.length > 1 ? `linear-gradient(to right, ${stops.join(', ')})` : color;
  fill.style.clipPath = `inset(0 ${Math.round((1 - shareIn(column, value)) * 1000) / 10}% 0 0)`;
  track.classList.toggle('unlit', mode === 'lcd');
  text.hidden = valueDisplayMode === 'hidden';
}
