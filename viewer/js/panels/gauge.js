// The gauge panel: an arc from the lowest to the highest value, with the thresholds as a thin ring around it.

import { isRamp, rampColor, rampOf, steps } from '../draw/colors.js';
import { fitted, fittingSize, font, Surface, textWidth, write } from '../draw/canvas.js';
import { formatText } from '../draw/units.js';
import { asZeros, cellGrid, inWords, longestOf, reducedValues } from './reduced.js';
import { shareIn } from './values.js';

const begin = Math.PI * 0.82;
const sweep = Math.PI * 1.36;
const turned = { horizontal: 'vertical', vertical: 'horizontal' };

export function drawGauge(root) {
  const { options, body, tooltip, panel } = root;
  const surface = new Surface('plot');
  const { element: canvas, context } = surface;
  const hasLabels = options.showThresholdLabels === true;
  const hasRing = options.showThresholdMarkers !== false;
  const sizeOf = (name) => Number(options.text?.[name]);
  let values = null;
  let grid = null;
  canvas.role = 'img';
  canvas.tabIndex = 0;
  body.append(canvas);

  canvas.addEventListener('click', ({ offsetX, offsetY }) => {
    if (!grid) return;
    const column = Math.floor(offsetX / root.width * grid.columns);
    const entry = values[Math.floor(offsetY / root.room * grid.rows) * grid.columns + column];
    tooltip.at(canvas, offsetX, offsetY, () => entry?.links.length ? { title: entry.name, rows: [{ color: entry.color, name: '', text: entry.words }], links: entry.links } : null, true);
  });

  const update = (data) => {
    values = reducedValues(root, data);
    root.say(data, values.length > 0);
    canvas.ariaLabel = inWords(panel.title, values);
    canvas.style.cursor = values.some((entry) => entry.links.length > 0) ? 'pointer' : '';
    layout();
  };

  const layout = () => {
    surface.resize(root.width, root.room);
    surface.clear();
    if (!values || root.width < 30 || root.room < 30) return;
    grid = cellGrid(values.length, root.width, root.room, turned[options.orientation], 1.25);
    const width = root.width / grid.columns;
    const height = root.room / grid.rows;
    const longest = longestOf(values.map((entry) => asZeros(entry.words)));
    for (const [at, entry] of values.entries()) draw(entry, (at % grid.columns) * width, Math.floor(at / grid.columns) * height, width, height, longest);
  };

  const draw = (entry, left, top, width, height, longest) => {
    const { theme } = root;
    const { field, words, name, color } = entry;
    const nameHeight = values.length > 1 && name ? 20 : 0;
    const room = hasLabels ? 26 : 4;
    // Below its centre the arc needs sin(0.18 π) of its radius.
    const radius = Math.min((width - 16) / 2 - room, (height - nameHeight - 8 - room) / (1 + Math.sin(0.18 * Math.PI)));
    const x = left + width / 2;
    // Where no arc fits a number still does.
    if (radius < 12) return write(context, words, x, top + height / 2, root.textColor(color), 'center', font(fittingSize(words, width - 8, height - 6, 10, 20), 500));
    const y = top + 4 + room + radius + Math.max(0, (height - nameHeight - 8 - room - radius * 1.54) / 2);
    const ring = hasRing ? Math.max(2.5, radius * 0.05) : 0;
    const thick = Math.max(6, radius * 0.2);
    const middle = radius - ring - (hasRing ? 2 : 0) - thick / 2;
    const share = shareIn(entry, entry.value);
    const arc = (paint, at, wide, from, to) => {
      Object.assign(context, { strokeStyle: paint, lineWidth: wide, lineCap: 'butt' });
      context.beginPath();
      context.arc(x, y, Math.max(0, at), begin + sweep * from, begin + sweep * to);
      context.stroke();
    };
    arc(theme.track, middle, thick, 0, 1);
    const mode = field.color?.mode;
    if (isRamp(mode)) {
      const ramp = rampOf(mode, theme);
      for (let part = 0; part < share; part += 0.02) arc(rampColor(ramp, part), middle, thick, part, Math.min(share, part + 0.022));
    } else if (share > 0) arc(color, middle, thick, 0, share);
    const list = steps(field.thresholds, theme, entry.low, entry.high);
    for (const [at, step] of list.entries()) {
      const from = at === 0 ? 0 : shareIn(entry, step.value);
      const to = at + 1 < list.length ? shareIn(entry, list[at + 1].value) : 1;
      if (hasRing && to > from) arc(step.color, radius - ring / 2, ring, from, to);
      if (!hasLabels || at === 0 || from === 0 || from === 1) continue;
      const text = formatText(step.value, field.unit, field.decimals);
      const angle = begin + sweep * from;
      write(context, text, x + Math.cos(angle) * (radius + 6 + textWidth(text) / 2), y + Math.sin(angle) * (radius + 10), theme.muted, 'center');
    }
    const inner = (middle - thick / 2) * 1.62;
    const fits = (text) => fittingSize(text, inner, radius * 0.5, 11, 44);
    const size = sizeOf('valueSize') || Math.floor(Math.min(fits(longest), fits(words)));
    const valueFont = font(size, 500);
    write(context, fitted(words, inner + 8, valueFont) || words, x, y + radius * 0.03, root.textColor(color, size >= 24 ? 3 : 4.5), 'center', valueFont);
    const nameFont = font(sizeOf('titleSize') || 12);
    if (nameHeight) write(context, fitted(name, width - 12, nameFont), x, Math.min(top + height - 10, y + radius * 0.56 + 14), theme.text, 'center', nameFont);
  };

  return { update, layout };
}
