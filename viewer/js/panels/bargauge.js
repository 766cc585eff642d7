// The bar gauge: a bar a value, lying or standing, plain, with its colours' gradient, or as a row of lamps.

import { isRamp, mix, rampOf, steps } from '../draw/colors.js';
import { clamp, font, keepRows, make, setText, widestOf } from '../draw/canvas.js';
import { coverWith } from './links.js';
import { asZeros, inWords, reducedValues } from './reduced.js';
import { shareIn } from './values.js';

export function drawBarGauge(root) {
  const { options, body, panel } = root;
  const { displayMode = 'gradient', valueMode, showUnfilled, namePlacement = 'auto', minVizHeight, maxVizHeight } = options;
  const isLamps = displayMode === 'lcd';
  const hidesValues = valueMode === 'hidden';
  const rows = [];
  let values = null;
  body.role = 'list';

  const update = (data) => {
    values = reducedValues(root, data);
    root.say(data, values.length > 0);
    body.ariaLabel = inWords(panel.title, values);
    keepRows(rows, values.length, addRow);
    layout();
  };

  const addRow = () => {
    const [name, fill, value] = ['name', 'fill', 'value'].map((part) => make('span', part));
    const track = make('span', 'track', fill);
    const element = make('div', 'draw-bar', name, track, value);
    element.role = 'listitem';
    track.classList.toggle('unlit', isLamps);
    body.append(element);
    return { element, name, fill, value, track };
  };

  const layout = () => {
    if (!values) return;
    const { width, room } = root;
    const isStanding = options.orientation === 'vertical' || (options.orientation !== 'horizontal' && width > room);
    const hidesNames = namePlacement === 'hidden' || values.every((entry) => !entry.name);
    const isAbove = !isStanding && !hidesNames && (namePlacement === 'top' || (namePlacement === 'auto' && width < 280));
    const nameHeight = isAbove ? 18 : 0;
    const least = isStanding ? 34 : Math.max(isAbove ? 34 : 20, Number(minVizHeight) || 0);
    const space = (isStanding ? width : room) / Math.max(1, values.length);
    const most = Number(maxVizHeight) < 300 ? Number(maxVizHeight) : isStanding ? 72 : 30;
    // Two bars in a high panel are two bars with air between, not two slabs.
    const thick = Math.max(least - (nameHeight || 4), Math.min(space * 0.72 - nameHeight, most));
    const sizes = {
      row: Math.max(least, Math.floor(Math.min(space, isStanding ? 160 : thick * 2.2 + nameHeight))), thick: Math.floor(thick),
      name: hidesNames ? 0 : Math.ceil(Math.min(widestOf(values.map((entry) => entry.name), font(12)) + 1, width * 0.42)),
      value: hidesValues ? 0 : Math.ceil(widestOf(values.map((entry) => asZeros(entry.words)), font(12, 600)) + 2),
    };
    for (const [part, size] of Object.entries(sizes)) body.style.setProperty(`--bar-${part}`, `${size}px`);
    for (const [part, is] of Object.entries({ vertical: isStanding, above: isAbove, 'no-names': hidesNames, 'no-values': hidesValues })) body.classList.toggle(part, is);
    for (const [at, entry] of values.entries()) fillRow(rows[at], entry, isStanding);
  };

  const fillRow = (row, entry, isStanding) => {
    const { theme } = root;
    const { name, value, track, fill } = row;
    const scale = displayMode === 'basic' ? entry.color : scaleOf(entry, theme, isStanding, isLamps);
    setText(name, entry.name);
    name.title = entry.name;
    setText(value, entry.words);
    value.style.color = valueMode === 'text' ? theme.text : root.textColor(entry.color);
    track.style.background = showUnfilled === false ? 'none' : isLamps ? scale : theme.track;
    fill.style.background = scale;
    const cut = `${Math.round((1 - shareIn(entry, entry.value)) * 10000) / 100}%`;
    fill.style.clipPath = isStanding ? `inset(${cut} 0 0 0)` : `inset(0 ${cut} 0 0)`;
    coverWith(row, entry.links, root.context, entry.name);
  };

  return { update, layout };
}

/** The whole scale as a CSS gradient: hard edges for lamps, soft ones else. */
function scaleOf({ field, color, low, high, mapped }, theme, isStanding, isHard) {
  const gradient = (stops) => `linear-gradient(to ${isStanding ? 'top' : 'right'}, ${stops.join(', ')})`;
  const mode = field.color?.mode ?? 'thresholds';
  if (isRamp(mode)) return gradient(rampOf(mode, theme));
  const list = mode === 'thresholds' && !mapped ? steps(field.thresholds, theme, low, high).filter((step, at) => at === 0 || step.value < high) : [];
  if (list.length < 2) return isHard ? color : gradient([mix(color, theme.background, 0.45), color]);
  const place = (step) => `${Math.round(clamp((step.value - low) / (high - low)) * 1000) / 10}%`;
  return gradient(list.map((step, at) => {
    const from = at === 0 ? '0%' : place(step);
    const to = at + 1 < list.length ? place(list[at + 1]) : '100%';
    // Soft within a step, an edge between two: a bar is never of a colour that its value has not reached.
    return isHard ? `${step.color} ${from} ${to}` : `${mix(step.color, theme.background, 0.35)} ${from}, ${step.color} ${to}`;
  }));
}
