// The bar gauge: a bar a value, lying or standing, plain, with its colours' gradient, or as a row of lamps.

import { mix, rampOf, steps } from '../draw/colors.js';
import { font, make, setText, textWidth } from '../draw/canvas.js';
import { asPanel, PanelRoot } from './base.js';
import { anchor, pointAnchor } from './links.js';
import { inWords, reducedValues } from './reduced.js';

export function create(panel, element, context) {
  const root = new PanelRoot(panel, element, context, 'bargauge');
  return asPanel(root, new BarGaugePanel(root));
}

const small = font(12);

class BarGaugePanel {
  constructor(root) {
    this.root = root;
    this.options = root.panel.options ?? {};
    this.rows = [];
    root.body.setAttribute('role', 'list');
  }

  update(data) {
    const { root } = this;
    this.values = reducedValues(root.panel, data, root.context, root.theme);
    root.say(data, this.values.length > 0);
    root.body.setAttribute('aria-label', inWords(root.panel.title, this.values));
    while (this.rows.length < this.values.length) this.rows.push(this.addRow());
    while (this.rows.length > this.values.length) this.rows.pop().element.remove();
    this.layout();
  }

  addRow() {
    const element = make('div', 'draw-bar');
    element.setAttribute('role', 'listitem');
    const row = { element, name: make('span', 'name'), track: make('span', 'track'), fill: make('span', 'fill'), value: make('span', 'value'), link: null };
    row.track.append(row.fill);
    element.append(row.name, row.track, row.value);
    this.root.body.append(element);
    return row;
  }

  layout() {
    const { root, values, options } = this;
    if (!values) return;
    const orientation = options.orientation === 'vertical' || options.orientation === 'horizontal' ? options.orientation : root.width > root.room ? 'vertical' : 'horizontal';
    const vertical = orientation === 'vertical';
    root.body.classList.toggle('vertical', vertical);
    const { style } = root.body;
    const count = Math.max(1, values.length);
    const placement = options.namePlacement ?? 'auto';
    const hidesNames = placement === 'hidden' || values.every((entry) => !entry.name);
    const above = !vertical && !hidesNames && (placement === 'top' || (placement === 'auto' && root.width < 280));
    const longestName = Math.max(...values.map((entry) => textWidth(entry.name, small)), 0);
    const longestValue = Math.max(...values.map((entry) => textWidth((entry.prefix + entry.text + entry.suffix).replace(/[0-9]/g, '0'), font(12, 600))), 0);
    const atLeast = vertical ? 34 : Math.max(above ? 34 : 20, Number(options.minVizHeight) || 0);
    const space = (vertical ? root.width : root.room) / count;
    // Two bars in a high panel are two bars with air between, not two slabs.
    const thick = Math.max(atLeast - (above ? 18 : 4), Math.min(space * 0.72 - (above ? 18 : 0), Number(options.maxVizHeight) < 300 ? Number(options.maxVizHeight) : vertical ? 72 : 30));
    style.setProperty('--bar-row', `${Math.max(atLeast, Math.floor(Math.min(space, vertical ? 160 : thick * 2.2 + (above ? 18 : 0))))}px`);
    style.setProperty('--bar-thick', `${Math.floor(thick)}px`);
    style.setProperty('--bar-name', hidesNames ? '0px' : `${Math.ceil(Math.min(longestName + 1, root.width * 0.42))}px`);
    style.setProperty('--bar-value', options.valueMode === 'hidden' ? '0px' : `${Math.ceil(longestValue + 2)}px`);
    root.body.classList.toggle('above', above);
    root.body.classList.toggle('no-names', hidesNames);
    root.body.classList.toggle('no-values', options.valueMode === 'hidden');
    for (const [at, entry] of values.entries()) this.fill(this.rows[at], entry, vertical);
  }

  fill(row, entry, vertical) {
    const { root, options } = this;
    const { theme } = root;
    setText(row.name, entry.name);
    row.name.title = entry.name;
    setText(row.value, entry.prefix + entry.text + entry.suffix);
    row.value.style.color = options.valueMode === 'text' ? theme.text : root.textColor(entry.color);
    const share = typeof entry.value === 'number' && entry.high > entry.low ? Math.min(1, Math.max(0, (entry.value - entry.low) / (entry.high - entry.low))) || 0 : 0;
    const mode = options.displayMode ?? 'gradient';
    row.element.classList.toggle('lcd', mode === 'lcd');
    row.track.style.background = options.showUnfilled === false ? 'none' : mode === 'lcd' ? scale(entry, theme, vertical, true) : theme.track;
    row.track.classList.toggle('unlit', mode === 'lcd');
    row.fill.style.background = mode === 'basic' ? entry.color : mode === 'lcd' ? scale(entry, theme, vertical, true) : scale(entry, theme, vertical, false);
    const cut = `${Math.round((1 - share) * 10000) / 100}%`;
    row.fill.style.clipPath = vertical ? `inset(${cut} 0 0 0)` : `inset(0 ${cut} 0 0)`;
    this.link(row, entry);
  }

  link(row, entry) {
    const link = entry.links[0];
    if (!link) {
      row.link?.remove();
      row.link = null;
    } else if (row.link) pointAnchor(row.link, link);
    else row.element.append(row.link = anchor(link, this.root.context, '', 'draw-cover'));
    row.link?.setAttribute('aria-label', `${entry.name}: ${link.title}`);
  }
}

const share = (entry, value) => `${Math.round(Math.min(1, Math.max(0, (value - entry.low) / (entry.high - entry.low))) * 1000) / 10}%`;

/** The whole scale as a CSS gradient: hard edges for lamps, soft ones else. */
function scale(entry, theme, vertical, hard) {
  const to = vertical ? 'to top' : 'to right';
  const mode = entry.field.color?.mode ?? 'thresholds';
  if (mode.startsWith('continuous')) return `linear-gradient(${to}, ${rampOf(mode, theme).join(', ')})`;
  const list = mode === 'thresholds' && !entry.mapped ? steps(entry.field.thresholds, theme, entry.low, entry.high).filter((step, at) => at === 0 || step.value < entry.high) : [];
  if (list.length < 2) return hard ? entry.color : `linear-gradient(${to}, ${mix(entry.color, theme.background, 0.45)}, ${entry.color})`;
  const stops = list.map((step, at) => {
    const from = at === 0 ? '0%' : share(entry, step.value);
    const next = at + 1 < list.length ? share(entry, list[at + 1].value) : '100%';
    // Soft within a step, an edge between two: a bar is never of a colour that its value has not reached.
    return hard ? `${step.color} ${from} ${next}` : `${mix(step.color, theme.background, 0.35)} ${from}, ${step.color} ${next}`;
  });
  return `linear-gradient(${to}, ${stops.join(', ')})`;
}
