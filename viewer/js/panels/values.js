// A value as it is shown: mapped to words if the board says so, else with its unit, and its colour.

import { fieldColor, named } from '../draw/colors.js';
import { format } from '../draw/units.js';
import { pattern } from './fields.js';

const special = { NaN: NaN, '+Inf': Infinity, '-Inf': -Infinity, Inf: Infinity };

/** Numbers of frames and answers: `"NaN"` and `"+Inf"` come as texts. */
export function numberOf(value) {
  if (typeof value === 'number') return value;
  if (value === null || value === undefined || value === '') return null;
  return Object.hasOwn(special, value) ? special[value] : Number(value);
}

const compiled = new WeakMap();

/** The mappings of a field as tests in the order in which they are tried. */
function mappingsOf(field) {
  let tests = compiled.get(field);
  if (tests) return tests;
  tests = [];
  for (const mapping of field.mappings ?? []) {
    const options = mapping.options ?? {};
    switch (mapping.type) {
      case 'value': {
        const table = new Map(Object.entries(options));
        tests.push((value) => value === null || value === undefined ? undefined : table.get(String(value)));
        break;
      }
      case 'range': {
        const from = options.from ?? -Infinity;
        const to = options.to ?? Infinity;
        tests.push((value) => typeof value === 'number' && value >= from && value <= to ? options.result ?? {} : undefined);
        break;
      }
      case 'regex': {
        const expression = pattern(options.pattern);
        tests.push((value) => {
          if (value === null || value === undefined || !expression?.test(String(value))) return undefined;
          const result = options.result ?? {};
          return result.text ? { ...result, text: String(value).replace(expression, result.text) } : result;
        });
        break;
      }
      case 'special': {
        const test = specials[options.match];
        if (test) tests.push((value) => test(value) ? options.result ?? {} : undefined);
        break;
      }
    }
  }
  compiled.set(field, tests);
  return tests;
}

const isNull = (value) => value === null || value === undefined;
const isNaNumber = (value) => typeof value === 'number' && Number.isNaN(value);
const specials = {
  null: isNull, nan: isNaNumber, 'null+nan': (value) => isNull(value) || isNaNumber(value), true: (value) => value === true || value === 'true',
  false: (value) => value === false || value === 'false', empty: (value) => value === '',
};

/** What a value is mapped to (`{text?, color?}`), or undefined. */
export function mapped(field, value) {
  for (const test of mappingsOf(field)) {
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
  const result = mapped(field, value);
  const color = result?.color
    ? named(result.color, theme)
    : fieldColor(field, typeof value === 'number' ? value : null, theme, series?.index ?? 0, series?.name ?? '', low, high);
  if (result?.text) return { prefix: '', text: result.text, suffix: '', color, mapped: true };
  if (isNull(value)) return { prefix: '', text: field.noValue ?? '–', suffix: '', color, mapped: false };
  if (typeof value !== 'number') return { prefix: '', text: String(value), suffix: '', color, mapped: false };
  return { ...format(value, field.unit, field.decimals), color, mapped: false };
}

/** The same as one text. */
export function displayText(field, value, theme) {
  const shown = display(field, value, theme);
  return shown.prefix + shown.text + shown.suffix;
}
