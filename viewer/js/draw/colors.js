// Colours: the two themes, a palette that colour-blind people can tell apart, Grafana's colour names, thresholds and
// continuous scales. Whatever a board asks for is made legible here, so that no panel needs to think about contrast.

import { clamp, remembered } from './canvas.js';

export const themes = {
  dark: {
    name: 'dark', background: '#16191d', text: '#dfe4ea', muted: '#9ba5b0', grid: 'rgba(190,205,220,0.09)',
    axis: 'rgba(190,205,220,0.20)', hover: 'rgba(190,205,220,0.09)', track: 'rgba(190,205,220,0.10)', raised: '#22272d', link: '#7cbcf5',
    cross: 'rgba(220,230,240,0.55)', error: '#ff9a8f',
  },
  light: {
    name: 'light', background: '#ffffff', text: '#1c2229', muted: '#56606b', grid: 'rgba(30,45,60,0.09)',
    axis: 'rgba(30,45,60,0.22)', hover: 'rgba(30,45,60,0.06)', track: 'rgba(30,45,60,0.08)', raised: '#ffffff', link: '#0b62b8',
    cross: 'rgba(30,45,60,0.50)', error: '#b3261e',
  },
};

// Okabe and Ito's eight hues, moved in lightness until each stands out from its theme's background, and four more
// between them. The order keeps neighbours far apart in hue and in lightness.
const palettes = {
  dark: ['#5fb6ee', '#e9a23b', '#38c39a', '#e08dc1', '#f1dd63', '#929dff', '#f0784e', '#86d9dc', '#cda67e', '#aab5c1', '#b7d96a', '#d0a6f7'],
  light: ['#0072b2', '#c87800', '#00876a', '#b8478f', '#8c7c00', '#5a50d8', '#cd4a0b', '#0a8d9b', '#8a5a2b', '#5d6977', '#5c8500', '#8f3fc4'],
};

const hues = {
  dark: { red: '#ef6a5e', orange: '#eda23f', yellow: '#f1dc63', green: '#3fbd8f', blue: '#5aaaf0', purple: '#b98ff0' },
  light: { red: '#cf2f2f', orange: '#e08300', yellow: '#dcb000', green: '#0c8058', blue: '#1c6fcf', purple: '#8250df' },
};
const shades = { 'super-light': 0.6, light: 0.3, 'semi-dark': -0.2, dark: -0.38 };

let probe = null;
/** Red, green, blue (0-255) and alpha (0-1) of any CSS colour; null when the browser does not know it. */
export const parse = remembered(2000, (color) => {
  // The browser's own parser: an unknown word leaves the earlier value alone, so two different ones unmask it.
  probe ??= document.createElement('canvas').getContext('2d');
  const [first, second] = ['#000001', '#000002'].map((before) => {
    probe.fillStyle = before;
    probe.fillStyle = color;
    return probe.fillStyle;
  });
  if (first !== second) return null;
  if (first[0] !== '#') return first.match(/[\d.]+/g)?.slice(0, 4).map(Number) ?? null;
  return [...[1, 3, 5].map((at) => parseInt(first.slice(at, at + 2), 16)), 1];
});
const parsed = (color) => parse(color) ?? [128, 128, 128, 1];

const hex = (rgb) => '#' + rgb.map((part) => Math.round(clamp(part, 0, 255)).toString(16).padStart(2, '0')).join('');

/** The colour with another opacity. */
export function alpha(color, opacity) {
  const [red, green, blue, own] = parsed(color);
  return `rgba(${red},${green},${blue},${Math.round(own * opacity * 1000) / 1000})`;
}

/** `share` of `other` in `color`; what is translucent in `color` is laid over `other` first. */
export function mix(color, other, share) {
  const a = parsed(color);
  const b = parsed(other);
  const part = 1 - (1 - share) * a[3];
  return hex([0, 1, 2].map((at) => a[at] + (b[at] - a[at]) * part));
}

const luminance = remembered(2000, (color) => {
  const [red, green, blue] = parsed(color).map((part) => part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
});

/** Contrast as WCAG 2 counts it, 1 to 21. */
export function contrast(one, other) {
  const a = luminance(one);
  const b = luminance(other);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** Full colours over a whole wall tire the eye: grounds are toned towards the panel's own. */
export const toned = (color, theme) => mix(color, theme.background, theme.name === 'dark' ? 0.36 : 0);

const [white, black] = ['#ffffff', '#0b0e11'];
/** White where it can be read on the colour (`ratio`, 3 for large text), else black; a translucent one as it looks over `behind`. */
export function textOn(color, behind, ratio = 4.5) {
  const solid = mix(color, behind, 0);
  const found = contrast(white, solid);
  return found >= ratio || found >= contrast(black, solid) ? white : black;
}

const legible = remembered(2000, (_, color, theme, ratio) => {
  let known = mix(color, theme.background, 0);
  for (let share = 0.1; share <= 1 && contrast(known, theme.background) < ratio; share += 0.1) known = mix(color, theme.text, share);
  return known;
});
/** The colour, moved towards the text's colour until it can be read on the background (`ratio`, 4.5 for small text). */
export const readable = (color, theme, ratio = 4.5) => legible(color + theme.name + ratio, color, theme, ratio);

/** A colour as boards write it (`semi-dark-green`, `text`, `#f00`, `rgba(…)`), as CSS knows it in this theme. */
export function named(color, theme) {
  if (typeof color !== 'string' || color === '') return theme.muted;
  if (color === 'text') return theme.text;
  if (color === 'panel' || color === 'background') return theme.background;
  const table = hues[theme.name];
  if (table[color]) return table[color];
  const cut = color.lastIndexOf('-');
  const base = table[color.slice(cut + 1)];
  const shade = cut > 0 ? shades[color.slice(0, cut)] : undefined;
  if (base && shade !== undefined) return mix(base, shade > 0 ? '#ffffff' : '#000000', Math.abs(shade));
  return parse(color) ? color : theme.muted;
}

/** The n-th colour of the palette; past the twelfth they come again, lighter, then darker. */
export function paletteColor(index, theme) {
  const palette = palettes[theme.name];
  const base = palette[index % palette.length];
  const round = Math.floor(index / palette.length) % 3;
  return round === 0 ? base : mix(base, round === 1 ? theme.text : theme.background, 0.35);
}

/** The same name gets the same colour on every board. */
function indexOfName(name, theme) {
  let hash = 5381;
  for (let at = 0; at < name.length; at++) hash = (hash * 33 + name.charCodeAt(at)) >>> 0;
  return hash % (palettes[theme.name].length * 3);
}

// null is a tone just above the panel's ground, so that little stays quiet in both themes.
const ramps = {
  GrYlRd: ['green', 'yellow', 'red'], RdYlGr: ['red', 'yellow', 'green'], BlYlRd: ['blue', 'yellow', 'red'], YlRd: ['yellow', 'red'], BlPu: ['blue', 'purple'], YlBl: ['yellow', 'blue'],
  blues: [null, 'blue'], reds: [null, 'red'], greens: [null, 'green'], purples: [null, 'purple'], cividis: ['#00224e', '#666870', '#fee838'],
  viridis: ['#440154', '#3b528b', '#21918c', '#5ec962', '#fde725'], plasma: ['#0d0887', '#9c179e', '#ed7953', '#f0f921'],
  magma: ['#000004', '#721f81', '#f1605d', '#fcfdbf'], inferno: ['#000004', '#781c6d', '#ed6925', '#fcffa4'],
};

/** Colours by name as they are in the theme. */
export const namedAll = (list, theme) => list.map((color) => color === null ? mix(theme.background, theme.text, 0.12) : named(color, theme));

export const isRamp = (mode) => String(mode).startsWith('continuous');

/** The colours that a continuous mode runs through, from its lowest to its highest value. */
export const rampOf = (mode, theme) => namedAll(ramps[mode.slice(11)] ?? ramps.GrYlRd, theme);

/** The colour of a ramp at a share of 0 to 1. */
export function rampColor(colors, share) {
  const at = clamp(share) * (colors.length - 1);
  const low = Math.min(colors.length - 2, Math.floor(at));
  return colors.length < 2 ? colors[0] : mix(colors[low], colors[low + 1], at - low);
}

/** Thresholds as `[{value, color}]` with rising values, the first at -Infinity; percentages are of `min` to `max`. */
export function steps(thresholds, theme, min, max) {
  const percent = thresholds?.mode === 'percentage';
  const list = (thresholds?.steps ?? []).map((step, at) => {
    const value = at === 0 || step.value === null || step.value === undefined ? -Infinity : Number(step.value);
    return { value: percent && value !== -Infinity ? min + (max - min) * value / 100 : value, color: named(step.color, theme) };
  });
  if (list.length === 0) list.push({ value: -Infinity, color: named('green', theme) });
  return list.sort((a, b) => a.value - b.value);
}

/** The colour of the highest step that the value has reached. */
export function stepColor(list, value) {
  let color = list[0].color;
  for (const step of list) if (value >= step.value) color = step.color;
  return color;
}

const byName = 'palette-classic-by-name';

/** The colour of a value in a field; `index` and `name` are those of its series, for the modes that go by series. */
export function fieldColor(field, value, theme, index = 0, name = '', min = field.min ?? 0, max = field.max ?? 100) {
  const { mode = 'thresholds', fixedColor = 'green' } = field.color ?? {};
  if (mode === 'fixed') return named(fixedColor, theme);
  if (mode === 'shades') {
    const turn = [0, 0.25, -0.2, 0.45, -0.35, 0.6, -0.5][index % 7];
    return mix(named(fixedColor, theme), turn > 0 ? theme.text : theme.background, Math.abs(turn));
  }
  if (mode.startsWith('palette')) return paletteColor(mode === byName ? indexOfName(name, theme) : index, theme);
  if (isRamp(mode)) return rampColor(rampOf(mode, theme), max > min ? (value - min) / (max - min) : 0);
  const list = steps(field.thresholds, theme, min, max);
  return value === null || Number.isNaN(value) ? list[0].color : stepColor(list, value);
}

const isNear = (one, other) => Math.hypot(...[0, 1, 2].map((at) => parsed(one)[at] - parsed(other)[at])) < 48;

/**
 * The colours of a panel's series. Those of the palette keep clear of one another and of those that the board has
 * given, as long as there are colours enough. `valueOf(series)` is the value that colours a series by thresholds.
 */
export function seriesColors(list, theme, valueOf) {
  const isFree = ({ color }) => (color?.mode ?? 'palette').startsWith('palette');
  const colors = list.map((series) => isFree(series.field) ? null : fieldColor(series.field, valueOf(series), theme, series.index, series.name));
  const given = list.flatMap(({ field }, at) => field.color?.mode === 'fixed' ? colors[at] : []);
  const taken = new Set();
  const isClear = (color) => !taken.has(color) && !given.some((other) => isNear(color, other));
  return list.map(({ field, index, name }, at) => {
    if (colors[at]) return colors[at];
    let place = field.color?.mode === byName ? indexOfName(name, theme) : index;
    let color = paletteColor(place, theme);
    for (let tries = 0; tries < 36 && taken.size < 36 && !isClear(color); tries++) color = paletteColor(++place, theme);
    taken.add(color);
    return color;
  });
}
