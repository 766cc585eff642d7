// A field is how numbers are shown: the panel's defaults, with the overrides laid over it that match a series.

/** A pattern as boards write it, `/x/i` or bare; null when it is none. */
export function pattern(text) {
  const parts = /^\/(.*)\/([a-z]*)$/s.exec(text ?? '');
  try {
    return parts ? new RegExp(parts[1], parts[2].replace(/[^imsu]/g, '')) : new RegExp(text ?? '');
  } catch {
    return null;
  }
}

function matches(matcher, series) {
  const wanted = matcher?.options;
  switch (matcher?.id) {
    case 'byName': return series.name === wanted;
    case 'byNames': {
      const inside = (wanted?.names ?? []).includes(series.name);
      return wanted?.mode === 'exclude' ? !inside : inside;
    }
    case 'byRegexp': return pattern(wanted)?.test(series.name) ?? false;
    case 'byRegexpOrNames': return (wanted?.names ?? []).includes(series.name) || (wanted?.pattern ? pattern(wanted.pattern)?.test(series.name) ?? false : false);
    case 'byFrameRefID': return series.ref === wanted;
    case 'byType': return wanted === 'number';
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
    if (!matches(override.matcher, series)) continue;
    for (const property of listOf(override.properties)) put(field, String(property.id), property.value);
  }
  return asField(field);
}

/** What a series is called: its field's display name, filled in, or its own. */
export function displayName(series) {
  const wanted = series.field.displayName;
  return wanted ? fillName(wanted, series) : series.name;
}

function fillName(text, series) {
  return text.replace(/\$\{__(field|series)\.([^}]+)\}|\$__cell_0/g, (whole, what, path) => {
    if (what === undefined || path === 'name' || path === 'displayName') return series.name;
    const label = /^labels(?:\.(.+)|\["?([^"\]]+)"?\])$/.exec(path);
    if (label) return series.labels?.[label[1] ?? label[2]] ?? '';
    return path === 'labels' ? Object.entries(series.labels ?? {}).map(([key, value]) => `${key}=${value}`).join(', ') : whole;
  });
}
