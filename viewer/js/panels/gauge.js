// The gauge panel: an arc from the lowest to the highest value, with the thresholds as a thin ring around it.

import { rampColor, rampOf, steps } from '../draw/colors.js';
import { fitted, fittingSize, font, Surface, textWidth } from '../draw/canvas.js';
import { formatText } from '../draw/units.js';
import { asPanel, PanelRoot } from './base.js';
import { cellGrid, inWords, reducedValues } from './reduced.js';
import { Tooltip } from './tooltip.js';

const begin = Math.PI * 0.82;
const sweep = Math.PI * 1.36;

export function create(panel, element, context) {
  const root = new PanelRoot(panel, element, context, 'gauge');
  return asPanel(root, new GaugePanel(root));
}

class GaugePanel {
  constructor(root) {
    this.root = root;
    this.options = root.panel.options ?? {};
    this.surface = new Surface('plot');
    this.surface.element.setAttribute('role', 'img');
    this.surface.element.tabIndex = 0;
    this.tooltip = new Tooltip(root);
    this.surface.element.addEventListener('click', (event) => this.clicked(event));
    root.body.append(this.surface.element);
  }

  update(data) {
    this.values = reducedValues(this.root.panel, data, this.root.context, this.root.theme);
    this.root.say(data, this.values.length > 0);
    this.surface.element.setAttribute('aria-label', inWords(this.root.panel.title, this.values));
    this.surface.element.style.cursor = this.values.some((entry) => entry.links.length > 0) ? 'pointer' : '';
    this.layout();
  }

  layout() {
    const { root, surface } = this;
    surface.resize(root.width, root.room);
    surface.clear();
    const { values } = this;
    if (!values || root.width < 30 || root.room < 30) return;
    const orientation = this.options.orientation;
    this.grid = cellGrid(values.length, root.width, root.room, orientation === 'horizontal' ? 'vertical' : orientation === 'vertical' ? 'horizontal' : 'auto', 1.25);
    const width = root.width / this.grid.columns;
    const height = root.room / this.grid.rows;
    const text = values.reduce((long, entry) => {
      const own = (entry.prefix + entry.text + entry.suffix).replace(/[0-9]/g, '0');
      return own.length > long.length ? own : long;
    }, '');
    for (const [at, entry] of values.entries()) this.drawGauge(entry, (at % this.grid.columns) * width, Math.floor(at / this.grid.columns) * height, width, height, values.length > 1, text);
  }

  drawGauge(entry, left, top, width, height, named, longest) {
    const { context } = this.surface;
    const { theme } = this.root;
    const nameHeight = named && entry.name ? 20 : 0;
    const labels = this.options.showThresholdLabels === true;
    const markers = this.options.showThresholdMarkers !== false;
    const room = labels ? 26 : 4;
    // Below its centre the arc needs sin(0.18 π) of its radius.
    const radius = Math.min((width - 16) / 2 - room, (height - nameHeight - 8 - room) / (1 + Math.sin(0.18 * Math.PI)));
    if (radius < 12) return this.drawText(entry, left, top, width, height);
    const x = left + width / 2;
    const y = top + 4 + room + radius + Math.max(0, (height - nameHeight - 8 - room - radius * 1.54) / 2);
    const ring = markers ? Math.max(2.5, radius * 0.05) : 0;
    const thick = Math.max(6, radius * 0.2);
    const middle = radius - ring - (markers ? 2 : 0) - thick / 2;
    const share = shareIn(entry, entry.value);
    context.lineCap = 'butt';
    context.lineWidth = thick;
    context.strokeStyle = theme.track;
    arc(context, x, y, middle, 0, 1);
    const mode = entry.field.color?.mode ?? 'thresholds';
    if (share > 0) {
      if (mode.startsWith('continuous')) {
        const ramp = rampOf(mode, theme);
        for (let part = 0; part < share; part += 0.02) {
          context.strokeStyle = rampColor(ramp, part);
          arc(context, x, y, middle, part, Math.min(share, part + 0.022));
        }
      } else {
        context.strokeStyle = entry.color;
        arc(context, x, y, middle, 0, share);
      }
    }
    const list = steps(entry.field.thresholds, theme, entry.low, entry.high);
    for (const [at, step] of list.entries()) {
      const from = at === 0 ? 0 : shareIn(entry, step.value);
      const to = at + 1 < list.length ? shareIn(entry, list[at + 1].value) : 1;
      if (markers && to > from) {
        context.lineWidth = ring;
        context.strokeStyle = step.color;
        arc(context, x, y, radius - ring / 2, from, to);
      }
      if (labels && at > 0 && from > 0 && from < 1) this.drawLabel(formatText(step.value, entry.field.unit, entry.field.decimals), x, y, radius, from);
    }
    const inner = (middle - thick / 2) * 1.62;
    const text = entry.prefix + entry.text + entry.suffix;
    const size = Number(this.options.text?.valueSize) || Math.floor(Math.min(fittingSize(longest, inner, radius * 0.5, 11, 44), fittingSize(text, inner, radius * 0.5, 11, 44)));
    context.fillStyle = this.root.textColor(entry.color, size >= 24 ? 3 : 4.5);
    context.font = font(size, 500);
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(fitted(text, inner + 8, context.font) || text, x, y + radius * 0.03);
    if (nameHeight) {
      const nameFont = font(Number(this.options.text?.titleSize) || 12);
      context.font = nameFont;
      context.fillStyle = theme.text;
      context.fillText(fitted(entry.name, width - 12, nameFont), x, Math.min(top + height - 10, y + radius * 0.56 + 14));
    }
  }

  drawLabel(text, x, y, radius, share) {
    const { context } = this.surface;
    const angle = begin + sweep * share;
    const labelFont = font(11);
    context.font = labelFont;
    context.fillStyle = this.root.theme.muted;
    context.textBaseline = 'middle';
    context.textAlign = 'center';
    const half = textWidth(text, labelFont) / 2;
    context.fillText(text, x + Math.cos(angle) * (radius + 6 + half), y + Math.sin(angle) * (radius + 10));
  }

  /** Where no arc fits a number still does. */
  drawText(entry, left, top, width, height) {
    const { context } = this.surface;
    const text = `${entry.prefix}${entry.text}${entry.suffix}`;
    context.font = font(fittingSize(text, width - 8, height - 6, 10, 20), 500);
    context.fillStyle = this.root.textColor(entry.color);
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(text, left + width / 2, top + height / 2);
  }

  clicked(event) {
    const { grid, root } = this;
    if (!grid) return;
    const column = Math.floor(event.offsetX / root.width * grid.columns);
    const entry = this.values[Math.floor(event.offsetY / root.room * grid.rows) * grid.columns + column];
    if (!entry?.links.length) return;
    this.tooltip.show(this.surface.element, event.offsetX, event.offsetY, entry.name, [{ color: entry.color, name: '', text: entry.prefix + entry.text + entry.suffix }], entry.links);
    this.tooltip.pin();
  }

  destroy() {
    this.tooltip.hide(true);
  }
}

function arc(context, x, y, radius, from, to) {
  context.beginPath();
  context.arc(x, y, Math.max(0, radius), begin + sweep * from, begin + sweep * to);
  context.stroke();
}

const shareIn = (entry, value) => typeof value === 'number' && entry.high > entry.low ? Math.min(1, Math.max(0, (value - entry.low) / (entry.high - entry.low))) || 0 : 0;
