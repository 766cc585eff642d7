// The heatmap panel: time across, buckets upwards, how much is in each as a colour.

import { mix, named, rampColor, rampOf, textOn } from '../draw/colors.js';
import { font, make, textWidth } from '../draw/canvas.js';
import { bucketRows, countRows } from '../draw/heatmap.js';
import { axisHeight, drawAnnotations, drawAxisTitle, TimePlot } from '../draw/plot.js';
import { lowerBound } from '../draw/timeseries.js';
import { axisText, formatText } from '../draw/units.js';
import { asPanel, PanelRoot } from './base.js';
import { Tooltip } from './tooltip.js';

const small = font(11);
const levels = 64;

export function create(panel, element, context) {
  const root = new PanelRoot(panel, element, context, 'heatmap');
  return asPanel(root, new HeatmapPanel(root));
}

class HeatmapPanel {
  constructor(root) {
    this.root = root;
    this.options = root.panel.options ?? {};
    this.picture = make('div', 'draw-picture');
    this.plot = new TimePlot(this.picture, root.context, {
      paint: (context, area) => this.paint(context, area),
      mark: (context, area) => this.mark(context, area),
      hover: (time, x, y) => this.hover(time, x, y),
      leave: () => this.leave(),
      step: () => (this.map?.step ?? 0) * 1000,
    });
    this.tooltip = new Tooltip(root);
    this.scale = make('div', 'draw-scale');
    this.scaleLow = make('span');
    this.scaleBar = make('i');
    this.scaleHigh = make('span');
    this.scale.append(this.scaleLow, this.scaleBar, this.scaleHigh);
    root.body.append(this.picture, this.scale);
  }

  update(data) {
    const { root, plot, options } = this;
    plot.theme = root.theme;
    plot.from = data.from;
    plot.to = data.to;
    const series = data.series.filter((entry) => !entry.instant || entry.values.length > 1);
    this.map = null;
    if (series.length > 0) {
      if (options.calculate) this.map = countRows(series, data.from, data.to, Number(options.calculation?.xBuckets?.value) || Math.max(10, root.width / 12), Number(options.calculation?.yBuckets?.value) || Math.max(5, root.room / 14), this.unit());
      else {
        const formats = new Map((root.panel.targets ?? []).map(({ ref, format }) => [ref, format]));
        this.map = bucketRows(series, series.some((entry) => formats.get(entry.ref) === 'heatmap') && series.every((entry) => entry.labels.le !== undefined));
      }
    }
    root.say(data, this.map !== null);
    if (this.map) this.measure();
    this.ramp = this.makeRamp();
    this.layout();
    plot.overlay.element.setAttribute('aria-label', root.words.chartSummary(root.panel.title, this.map?.rows.length ?? 0, root.context.format.dateTime(data.from), root.context.format.dateTime(data.to), []));
  }

  unit() {
    return this.options.yAxis?.unit ?? this.root.panel.defaults?.unit;
  }

  /** Least and greatest of what is drawn; cells below the board's `filterValues` are no cells. */
  measure() {
    const least = this.options.filterValues?.le;
    this.least = typeof least === 'number' ? least : 1e-9;
    let low = Infinity;
    let high = -Infinity;
    for (const { values } of this.map.rows) {
      for (const value of values) {
        if (!(value > this.least) || value === Infinity) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    const { min, max } = this.options.color ?? {};
    this.low = typeof min === 'number' ? min : low === Infinity ? 0 : Math.min(low, 0);
    this.high = typeof max === 'number' ? max : high === -Infinity ? 1 : high;
  }

  /** The scheme as a table of colours, from near the ground to the strongest. */
  makeRamp() {
    const { theme } = this.root;
    const { mode = 'scheme', scheme = 'Oranges', fill = 'dark-orange', reverse = false, exponent = 0.5, steps = levels } = this.options.color ?? {};
    const ground = mix(theme.background, theme.text, 0.1);
    const hue = (name) => [ground, mix(named(name, theme), ground, 0.45), named(name, theme), mix(named(name, theme), theme.text, 0.35)];
    const wanted = schemes[scheme.toLowerCase()] ?? 'orange';
    let colors;
    if (mode === 'opacity') colors = [mix(named(fill, theme), theme.background, 0.9), named(fill, theme)];
    else if (typeof wanted === 'string') colors = wanted.startsWith('continuous') ? rampOf(wanted, theme) : hue(wanted);
    else colors = wanted.map((color) => color === null ? ground : named(color, theme));
    if (reverse) colors = [...colors].reverse();
    const bend = mode === 'opacity' ? exponent : 1;
    const count = Math.max(2, Math.min(levels, steps));
    return Array.from({ length: levels }, (_, at) => {
      const stepped = Math.floor(at / levels * count) / (count - 1);
      return rampColor(colors, Math.min(1, stepped) ** bend);
    });
  }

  layout() {
    const { root, plot, map } = this;
    if (!map) return;
    const showsScale = this.options.legend?.show !== false && root.room > 110;
    this.scale.hidden = !showsScale;
    if (showsScale) {
      const unit = this.options.cellValues?.unit;
      this.scaleLow.textContent = formatText(this.low, unit ?? 'short');
      this.scaleHigh.textContent = formatText(this.high, unit ?? 'short');
      this.scaleBar.style.background = `linear-gradient(to right, ${this.ramp.filter((_, at) => at % 7 === 0).join(', ')})`;
    }
    plot.resize(root.width, root.room - (showsScale ? 24 : 0));
    this.edges = this.edgeLabels();
    const widest = this.edges.reduce((width, edge) => Math.max(width, textWidth(edge.text, small)), 0);
    const title = this.options.yAxis?.axisLabel;
    const left = Math.ceil((widest + 12) / 8) * 8 + (title ? 16 : 0);
    if (left > (this.left ?? 0) || left < this.left - 24) this.left = Math.min(left, root.width * 0.35);
    plot.setMargins(this.left, 10, 8, axisHeight);
    plot.draw();
  }

  /** What stands at the rows: bounds on the lines between numeric buckets, names in the middle of others. */
  edgeLabels() {
    const { rows, numeric } = this.map;
    const decimals = this.options.yAxis?.decimals ?? null;
    const size = rows[0].high - rows[0].low;
    const write = (value) => value === Infinity ? '+∞' : value === -Infinity ? '' : this.map.leftEdge ? axisText(value, this.unit(), Math.abs(rows[rows.length - 1].high), size, decimals) : formatText(value, this.unit() ?? 'short', decimals);
    const labels = numeric ? rows.map((row, at) => ({ at: at + 1, text: write(row.high) })) : rows.map((row, at) => ({ at: at + 0.5, text: row.name }));
    if (numeric && Number.isFinite(rows[0].low)) labels.unshift({ at: 0, text: write(rows[0].low) });
    return labels;
  }

  rowY(area, at) {
    const share = at / this.map.rows.length;
    return this.options.yAxis?.reverse ? area.top + share * area.height : area.top + area.height * (1 - share);
  }

  paint(context, area) {
    const { map, plot, ramp, root } = this;
    const { theme } = root;
    if (!map) return;
    const { times, rows, step } = map;
    const cell = step * 1000 / (plot.to - plot.from) * area.width;
    // Columns narrower than two pixels are drawn together, their mean as the colour.
    const merge = Math.max(1, Math.ceil(2 / Math.max(cell, 0.001)));
    const gap = cell * merge > 6 && area.height / rows.length > 6 ? Math.min(this.options.cellGap ?? 1, 3) : 0;
    // A bucket's value is of the time before its sample, as Prometheus counts.
    const shift = map.leftEdge ? 0 : step * 1000;
    context.save();
    context.beginPath();
    context.rect(area.left, area.top, area.width, area.height);
    context.clip();
    for (let at = 0; at < rows.length; at++) {
      const { values } = rows[at];
      const a = this.rowY(area, at);
      const b = this.rowY(area, at + 1);
      const top = Math.round(Math.min(a, b));
      const height = Math.max(1, Math.round(Math.max(a, b)) - top - gap);
      let last = -1;
      for (let column = 0; column < values.length; column += merge) {
        let value = 0;
        for (let part = column; part < Math.min(values.length, column + merge); part++) value += values[part] === values[part] ? values[part] : 0;
        value /= merge;
        if (!(value > this.least)) continue;
        const left = plot.xOf(times[column] * 1000 - shift);
        const right = left + cell * merge;
        if (right < area.left || left > area.left + area.width) continue;
        const level = Math.max(0, Math.min(levels - 1, Math.floor((value - this.low) / (this.high - this.low || 1) * levels)));
        if (level !== last) context.fillStyle = ramp[last = level];
        const x = Math.round(left);
        context.fillRect(x, top, Math.max(1, Math.round(right) - x - gap), height);
        if (this.options.showValue === 'always') {
          const text = formatText(value, this.options.cellValues?.unit ?? 'short', this.options.cellValues?.decimals ?? null);
          if (height > 13 && cell * merge > textWidth(text, small) + 4) {
            context.font = small;
            context.textAlign = 'center';
            context.textBaseline = 'middle';
            context.fillStyle = textOn(ramp[level], theme.background);
            context.fillText(text, (left + right) / 2, top + height / 2);
            last = -1;
          }
        }
      }
    }
    context.restore();
    plot.drawTimeAxis(theme, false);
    context.font = small;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    context.fillStyle = theme.muted;
    let lastY = Infinity;
    for (const edge of this.edges) {
      const y = this.rowY(area, edge.at);
      if (Math.abs(y - lastY) < 15) continue;
      lastY = y;
      context.fillText(edge.text, area.left - 7, Math.max(area.top + 3, y));
    }
    if (this.options.yAxis?.axisLabel) drawAxisTitle(context, this.options.yAxis.axisLabel, 9, area, theme);
    if (root.data.annotations?.length) drawAnnotations(context, area, plot, root.data.annotations, (color) => named(color ?? 'blue', theme));
  }

  rowAt(y) {
    const { area } = this.plot;
    const share = (y - area.top) / area.height;
    const at = Math.floor((this.options.yAxis?.reverse ? share : 1 - share) * this.map.rows.length);
    return at >= 0 && at < this.map.rows.length ? at : -1;
  }

  mark(context, area) {
    if (!this.cell) return;
    const a = this.rowY(area, this.cell.row);
    const b = this.rowY(area, this.cell.row + 1);
    context.strokeStyle = this.root.theme.text;
    context.lineWidth = 1;
    context.strokeRect(Math.round(this.cell.left) + 0.5, Math.round(Math.min(a, b)) + 0.5, Math.max(2, Math.round(this.cell.width)), Math.abs(Math.round(a - b)) - 1);
  }

  hover(time, x, y) {
    const { map, plot, root } = this;
    const row = map ? this.rowAt(y) : -1;
    this.cell = null;
    if (row < 0 || this.options.tooltip?.mode === 'none' || this.options.tooltip?.show === false) return this.tooltip.hide();
    const shift = map.leftEdge ? 0 : map.step;
    const column = lowerBound(map.times, time / 1000 + shift + 1e-6) - 1;
    if (column < 0 || column >= map.times.length) return this.tooltip.hide();
    const { low, high, name, values } = map.rows[row];
    const begin = (map.times[column] - shift) * 1000;
    this.cell = { row, left: plot.xOf(begin), width: map.step * 1000 / (plot.to - plot.from) * plot.area.width };
    const unit = this.unit() ?? 'short';
    const bucket = !map.numeric ? name : low === -Infinity ? `≤ ${formatText(high, unit)}` : high === Infinity ? `> ${formatText(low, unit)}` : `${formatText(low, unit)} – ${formatText(high, unit)}`;
    const value = values[column];
    const level = Math.max(0, Math.min(levels - 1, Math.floor((value - this.low) / (this.high - this.low || 1) * levels)));
    this.tooltip.show(plot.overlay.element, x, y, root.context.format.dateTime(begin), [
      { color: value > this.least ? this.ramp[level] : 'transparent', name: bucket, text: value === value ? formatText(value, this.options.cellValues?.unit ?? 'short') : root.words.noData },
    ]);
  }

  leave() {
    this.cell = null;
    this.tooltip.hide();
  }

  crosshair(time) {
    this.cell = null;
    this.plot.crosshair(time);
  }

  destroy() {
    this.tooltip.hide(true);
    this.plot.destroy();
  }
}

// Schemes by their usual names: one hue, a ramp of colors.js, or colours in turn; null is a tone just above the panel's ground, so that little stays quiet in both themes.
const schemes = {
  oranges: 'orange', blues: 'blue', greens: 'green', reds: 'red', purples: 'purple', greys: 'text',
  viridis: 'continuous-viridis', magma: 'continuous-magma', inferno: 'continuous-inferno', plasma: 'continuous-plasma', cividis: 'continuous-cividis',
  turbo: ['purple', 'blue', 'green', 'yellow', 'orange', 'red'], spectral: ['blue', 'green', 'yellow', 'orange', 'red'], rdylgn: ['red', 'orange', 'yellow', 'green'],
  rdylbu: ['red', 'orange', 'yellow', 'blue'], rdbu: ['red', null, 'blue'], ylorrd: [null, 'yellow', 'orange', 'red'], ylgnbu: [null, 'yellow', 'green', 'blue'],
  orrd: [null, 'orange', 'red'], bupu: [null, 'blue', 'purple'], gnbu: [null, 'green', 'blue'], purd: [null, 'purple', 'red'], ylgn: [null, 'yellow', 'green'], ylorbr: [null, 'yellow', 'orange', 'dark-orange'],
};
