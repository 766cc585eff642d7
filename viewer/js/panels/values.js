// A value as it is shown: mapped to words if the board says so, else with its unit, and its colour.

import { fieldColor, named } from '../draw/colors.js';
import { clamp } from '../draw/canvas.js';
import { format, textOf } from '../draw/units.js';
import { pattern } from './fields.js';

const special = { __proto__: null, '+Inf': Infinity, '-Inf': -Infinity, Inf: Infinity };

/** Numbers of frames and answers: `"NaN"` and `"+Inf"` come as texts. */
export function numberOf(value) {
  if (typeof value === 'number') return value;
  if (value === null || value === undefined || value === '') return null;
  const number = Number(value);
  return number === number ? number : special[value] ?? NaN;
}

const isNull = (value) => value === null || value === undefined;
const specials = {
  null: isNull, nan: Number.isNaN, 'null+nan': (value) => isNull(value) || Number.isNaN(value), empty: (value) => value === '',
  true: (value) => String(value) === 'true', false: (value) => String(value) === 'false',
};

// Each kind of mapping as a function that makes a test of its options; the test says what a value becomes, or nothing.
const kinds = {
  value: (options) => (value) => isNull(value) || !Object.hasOwn(options, value) ? undefined : options[value],
  range: ({ from, to, result = {} }) => (value) => typeof value === 'number' && value >= (from ?? -Infinity) && value <= (to ?? Infinity) ? result : undefined,
  regex: ({ pattern: source, result = {} }) => {
    const expression = pattern(source);
    return (value) => {
      if (isNull(value) || !expression?.test(value)) return undefined;
      return result?.text ? { ...result, text: expression.replace(value, result.text) } : result;
    };
  },
  special: ({ match, result = {} }) => (value) => Object.hasOwn(specials, match) && specials[match](value) ? result : undefined,
};

const compiled = new WeakMap();

/** What a value is mapped to (`{text?, color?}`), or undefined. */
export function mapped(field, value) {
  let tests = compiled.get(field);
  if (!tests) compiled.set(field, tests = (field.mappings ?? []).filter(({ type }) => Object.hasOwn(kinds, type)).map(({ type, options }) => kinds[type](options ?? {})));
  for (const test of tests) {
    const result = test(value);
    if (result) return result;
  }
  return undefined;
}

/** The words that a field's mappings know, for legends of states: `[{text, color}]` in their order. */
export function mappedWords(field, theme) {
  const words = [];
  const add = (result) => {
    if (result?.text && !words.some((word) => word.text === result.text)) words.push({ text: result.text, color: named(result.color ?? 'text', theme), index: result.index ?? 0 });
  };
  for (const mapping of field.mappings ?? []) {
    if (mapping.type === 'value') Object.values(mapping.options ?? {}).forEach(add);
    else add(mapping.options?.result);
  }
  return words.sort((a, b) => a.index - b.index);
}

/**
 * `{prefix, text, suffix, color, mapped}` of a value: a number, a text or null. `series` gives the colour modes that go
 * by series its index and name; `low` and `high` are the ends that percentages are of.
 */
export function display(field, value, theme, series = null, low = field.min ?? 0, high = field.max ?? 100) {
  const { text, color: wanted } = mapped(field, value) ?? {};
  const color = wanted ? named(wanted, theme) : fieldColor(field, typeof value === 'number' ? value : null, theme, series?.index, series?.name, low, high);
  const plain = { prefix: '', suffix: '', color, mapped: Boolean(text) };
  if (text) return { ...plain, text };
  if (isNull(value)) return { ...plain, text: field.noValue ?? '–' };
  if (typeof value !== 'number') return { ...plain, text: String(value) };
  return { ...plain, ...format(value, field.unit, field.decimals) };
}

/** The same as one text. */
export const displayText = (field, value, theme) => textOf(display(field, value, theme));

/** Where a value lies between two ends, 0 to 1; 0 as well where it is none. */
export const shareIn = ({ low, high }, value) => typeof value === 'number' && high > low ? clamp((value - low) / (high - low)) || 0 : 0;
