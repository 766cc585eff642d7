// Colours: the two themes, a palette that colour-blind people can tell apart, Grafana's colour names, thresholds and
// continuous scales. Whatever a board asks for is made legible here, so that no panel needs to think about contrast.

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
const parsed = new Map();

/** Red, green, blue (0-255) and alpha (0-1) of any CSS colour; null when the browser does not know it. */
export function parse(color) {
  const known = parsed.get(color);
  if (known !== undefined) return known;
  if (parsed.size > 2000) parsed.clear();
  let result = null;
  // The browser's own parser: an unknown word leaves the earlier value alone, so two different ones unmask it.
  probe ??= document.createElement('canvas').getContext('2d');
  probe.fillStyle = '#000001';
  probe.fillStyle = color;
  const first = probe.fillStyle;
  probe.fillStyle = '#000002';
  probe.fillStyle = color;
  if (first === probe.fillStyle) {
    if (first[0] === '#') {
      result = [1, 3, 5].map((at) => parseInt(first.slice(at, at + 2), 16));
      result.push(1);
    } else {
      result = first.match(/[\d.]+/g)?.slice(0, 4).map(Number) ?? null;
    }
  }
  parsed.set(color, result);
  return result;
}

const hex = (rgb) => '#' + rgb.slice(0, 3).map((part) => Math.round(Math.min(255, Math.max(0, part))).toString(16).padStart(2, '0')).join('');

/** The colour with another opacity. */
export function alpha(color, opacity) {
  const rgb = parse(color) ?? [128, 128, 128, 1];
  return `rgba(${rgb[0]},${rgb[1]},${rgb[2]},${Math.round(rgb[3] * opacity * 1000) / 1000})`;
}

/** `share` of `other` in `color`; what is translucent in `color` is laid over `other` first. */
export function mix(color, other, share) {
  const a = parse(color) ?? [128, 128, 128, 1];
  const b = parse(other) ?? [128, 128, 128, 1];
  const part = 1 - (1 - share) * a[3];
  return hex([0, 1, 2].map((at) => a[at] + (b[at] - a[at]) * part));
}

const luminances = new Map();
function luminance(color) {
  let known = luminances.get(color);
  if (known === undefined) {
    if (luminances.size > 2000) luminances.clear();
    const [r, g, b] = (parse(color) ?? [128, 128, 128]).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    known = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    luminances.set(color, known);
  }
  return known;
}

/** Contrast as WCAG 2 counts it, 1 to 21. */
export function contrast(one, other) {
  const a = luminance(one);
  const b = luminance(other);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** White where it can be read on the colour (`ratio`, 3 for large text), else black; a translucent one as it looks over `behind`. */
export function textOn(color, behind, ratio = 4.5) {
  const solid = mix(color, behind, 0);
  const white = contrast('#ffffff', solid);
  return white >= ratio || white >= contrast('#0b0e11', solid) ? '#ffffff' : '#0b0e11';
}

const legible = new Map();
/** The colour, moved towards the text's colour until it can be read on the background (`ratio`, 4.5 for small text). */
export function readable(color, theme, ratio = 4.5) {
  const key = color + theme.name + ratio;
  let known = legible.get(key);
  if (known === undefined) {
    if (legible.size > 2000) legible.clear();
    known = mix(color, theme.background, 0);
    for (let share = 0.1; share <= 1 && contrast(known, theme.background) < ratio; share += 0.1) known = mix(color, theme.text, share);
    legible.set(key, known);
  }
  return known;
}

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
export function colorByName(name, theme) {
  let hash = 5381;
  for (let at = 0; at < name.length; at++) hash = (hash * 33 + name.charCodeAt(at)) >>> 0;
  return paletteColor(hash % (palettes[theme.name].length * 3), theme);
}

const ramps = {
  'continuous-GrYlRd': ['green', 'yellow', 'red'], 'continuous-RdYlGr': ['red', 'yellow', 'green'],
  'continuous-BlYlRd': ['blue', 'yellow', 'red'], 'continuous-YlRd': ['yellow', 'red'], 'continuous-BlPu': ['blue', 'purple'],
  'continuous-YlBl': ['yellow', 'blue'], 'continuous-blues': [null, 'blue'], 'continuous-reds': [null, 'red'],
  'continuous-greens': [null, 'green'], 'continuous-purples': [null, 'purple'], 'continuous-cividis': ['#00224e', '#666870', '#fee838'],
  'continuous-viridis': ['#440154', '#3b528b', '#21918c', '#5ec962', '#fde725'], 'continuous-plasma': ['#0d0887', '#9c179e', '#ed7953', '#f0f921'],
  'continuous-magma': ['#000004', '#721f81', '#f1605d', '#fcfdbf'], 'continuous-inferno': ['#000004', '#781c6d', '#ed6925', '#fcffa4'],
};

/** The colours that a continuous mode runs through, from its lowest to its highest value. */
export function rampOf(mode, theme) {
  return (ramps[mode] ?? ramps['continuous-GrYlRd']).map((part) => part === null ? mix(theme.background, theme.text, 0.12) : named(part, theme));
}

/** The colour of a ramp at a share of 0 to 1. */
export function rampColor(colors, share) {
  const at = Math.min(1, Math.max(0, share)) * (colors.length - 1);
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

/** The colour of a value in a field; `index` and `name` are those of its series, for the modes that go by series. */
export function fieldColor(field, value, theme, index = 0, name = '', min = field.min ?? 0, max = field.max ?? 100) {
  const mode = field.color?.mode ?? 'thresholds';
  if (mode === 'fixed') return named(field.color.fixedColor ?? 'green', theme);
  if (mode === 'palette-classic') return paletteColor(index, theme);
  if (mode === 'palette-classic-by-name') return colorByName(name, theme);
  if (mode === 'shades') {
    const turn = [0, 0.25, -0.2, 0.45, -0.35, 0.6, -0.5][index % 7];
    return mix(named(field.color.fixedColor ?? 'green', theme), turn > 0 ? theme.text : theme.background, Math.abs(turn));
  }
  if (mode.startsWith('continuous')) return rampColor(rampOf(mode, theme), max > min ? (value - min) / (max - min) : 0);
  const list = steps(field.thresholds, theme, min, max);
  return value === null || Number.isNaN(value) ? list[0].color : stepColor(list, value);
}
