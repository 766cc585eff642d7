// A field is how numbers are shown: the panel's defaults, with the overrides laid over it that match a series.

import { labelAt } from './links.js';

// A board's pattern runs in the browser's engine: of a text no more than this is looked at.
const longest = 200;

/** A pattern as boards write it, `/x/i` or bare, as `{test(text), replace(text, by)}`; null when it is none. */
export function pattern(source) {
  const [, inner = source ?? '', flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(source ?? '') ?? [];
  try {
    const expression = new RegExp(inner, flags.replace(/[^imsu]/g, ''));
    const cut = (text) => String(text).slice(0, longest);
    return { test: (text) => expression.test(cut(text)), replace: (text, by) => cut(text).replace(expression, by) };
  } catch {
    return null;
  }
}

function matches({ id, options }, { name, ref }) {
  const isListed = () => (options?.names ?? []).includes(name);
  switch (id) {
    case 'byName': return name === options;
    case 'byNames': return isListed() !== (options?.mode === 'exclude');
    case 'byRegexp': return pattern(options)?.test(name) ?? false;
    case 'byRegexpOrNames': return isListed() || (options?.pattern && pattern(options.pattern)?.test(name)) || false;
    case 'byFrameRefID': return ref === options;
    case 'byType': return options === 'number';
    case 'numeric': return true;
    default: return false;
  }
}

function put(field, id, value) {
  const path = id.split('.');
  if (path.some((part) => part === '__proto__' || part === 'constructor')) return;
  let at = field;
  for (const part of path.slice(0, -1)) {
    at[part] = { ...(typeof at[part] === 'object' ? at[part] : {}) };
    at = at[part];
  }
  at[path[path.length - 1]] = value;
}

const listOf = (value) => Array.isArray(value) ? value.filter((entry) => typeof entry === 'object' && entry !== null) : [];
const numberOrNot = (value) => value === null || value === '' || !Number.isFinite(Number(value)) ? undefined : Number(value);

/** A field's configuration with every part of the kind that drawing counts on, whatever a board has there. */
export function asField(config) {
  const own = config ?? {};
  return {
    ...own, unit: typeof own.unit === 'string' ? own.unit : undefined, decimals: numberOrNot(own.decimals) ?? null, min: numberOrNot(own.min), max: numberOrNot(own.max),
    mappings: listOf(own.mappings), links: listOf(own.links), color: own.color?.mode ? own.color : undefined, custom: { ...own.custom },
  };
}

/** The field of a series (`{name, ref, labels}`) in a panel. */
export function fieldOf(panel, series) {
  const field = { ...panel.defaults, custom: { ...panel.defaults?.custom } };
  for (const override of listOf(panel.overrides)) {
    if (!matches(override.matcher ?? {}, series)) continue;
    for (const property of listOf(override.properties)) put(field, String(property.id), property.value);
  }
  return asField(field);
}

/** What a series is called: its field's display name, filled in, or its own. */
export function displayName(series) {
  const { name, labels = {}, field } = series;
  return !field.displayName ? name : field.displayName.replace(/\$\{__(?:field|series)\.([^}]+)\}|\$__cell_0/g, (whole, path = 'name') => {
    if (path === 'name' || path === 'displayName') return name;
    return path === 'labels' ? Object.entries(labels).map((pair) => pair.join('=')).join(', ') : labelAt(path, labels) ?? whole;
  });
}
