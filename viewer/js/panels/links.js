// Links of data: the server has filled in what a board knows, here comes what a row, a series or a value knows.

import { make } from '../draw/canvas.js';

/** The label that a path such as `labels.node` or `labels["node"]` names, and its value; null when the path is another. */
export function labelAt(path, labels) {
  const found = /^labels(?:\.(.+)|\["?([^"\]]+)"?\])$/.exec(path);
  return found && String(labels?.[found[1] ?? found[2]] ?? '');
}

/** What a name between `${` and `}` stands for; undefined when nobody knows it. */
function lookup({ series, row, frame, value, text, time }, name) {
  const [, head, rest = ''] = /^(\w+)(?:\.(.*))?$/s.exec(name) ?? [];
  switch (head) {
    case '__series': return series?.name ?? '';
    case '__value': return String({ raw: value, numeric: value, text: text ?? value, time }[rest] ?? '');
    case '__field': return rest === 'name' || rest === 'displayName' ? series?.name ?? '' : labelAt(rest, series?.labels) ?? undefined;
  }
  if (!name.startsWith('__data.fields')) return undefined;
  const wanted = /^__data\.fields(?:\.|\[)"?([^"\]]+?)"?\]?(\.text|\.numeric)?$/.exec(name)?.[1];
  if (!frame || row === undefined) return series?.labels?.[wanted] ?? '';
  // A column that was renamed keeps the name of its label for links.
  const known = (property) => frame.fields.find((candidate) => property(candidate) === wanted);
  const field = known(({ key }) => key) ?? known(({ name }) => name) ?? known(({ config }) => config?.displayName) ?? frame.fields[/^\d+$/.test(wanted) ? Number(wanted) : -1];
  return String(field?.values[row] ?? '');
}

/** Whether a URL is a path of ours, or http(s): the page has no other links. */
// Browsers drop control characters and read a backslash as a slash: neither may smuggle another host in.
// eslint-disable-next-line no-control-regex
export const isSafe = (url) => !/[\u0000-\u0020\\]/.test(url) && /^(https?:\/\/|\/(?!\/)|\?|#)/i.test(url);

/** The URL with its blanks filled in and escaped; null when what comes out is neither a path nor http(s). */
export function fillUrl(template, scope) {
  const whole = { __url_time_range: scope.timeRange, __all_variables: scope.variables };
  const url = template.replace(/\$\{([^}]+)\}|\$(__url_time_range|__all_variables)/g, (blank, braces, bare) => {
    const [, name, format] = /^(.+?)(?::([^:]*))?$/s.exec(bare ?? braces) ?? [];
    if (Object.hasOwn(whole, name)) return whole[name]?.() ?? '';
    const found = lookup(scope, name) ?? '';
    return format === 'raw' || blank === template ? found : encodeURIComponent(found);
  });
  return isSafe(url) ? url : null;
}

/** Links of a field as `[{title, url, newTab}]`, filled in; those that lead nowhere are left out. */
export function linksOf(links, scope) {
  return (links ?? []).flatMap(({ url: template, title, newTab, targetBlank }) => {
    const url = fillUrl(String(template ?? ''), scope);
    const words = String(title ?? '').replace(/\$\{([^}]+)\}/g, (whole, name) => lookup(scope, name) ?? whole);
    return url ? [{ title: words || url, url, newTab: newTab ?? targetBlank ?? false }] : [];
  });
}

/** The range as the page's URL has it: a link out of the last hour leads to the last hour, not to this one. */
function rangeOfPage() {
  const params = new URLSearchParams(location.search);
  return ['from', 'to'].filter((name) => params.has(name)).map((name) => `${name}=${encodeURIComponent(params.get(name))}`).join('&');
}

/** The links of a field in a panel, filled in for what `scope` knows: a series, a row of a frame, a value. */
export const rowLinks = ({ context, data }, field, scope) => field.links?.length ? linksOf(field.links, {
  ...scope,
  timeRange: () => context.timeRange?.() ?? (rangeOfPage() || `from=${data.from}&to=${data.to}`),
  variables: () => context.allVariables?.() ?? '',
}) : [];

/** An anchor that the page itself follows when it leads to the page. */
export function anchor(link, context, text = link.title, className = 'panel-link') {
  const element = make('a', className, text);
  pointAnchor(element, link);
  element.addEventListener('click', (event) => {
    const href = element.getAttribute('href');
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || element.target || href[0] !== '/' || !context.navigate) return;
    event.preventDefault();
    context.navigate(href);
  });
  return element;
}

/** Gives an anchor of `anchor` another aim. */
export function pointAnchor(element, { url, title, newTab }) {
  Object.assign(element, { href: url, title, target: newTab ? '_blank' : '', rel: 'noopener noreferrer' });
}

/** A link that covers a whole cell, or takes its place when there is none; `cell` has an `element` and keeps its `link`. */
export function coverWith(cell, [link], context, label) {
  if (!link) {
    cell.link?.remove();
    cell.link = null;
    return;
  }
  if (cell.link) pointAnchor(cell.link, link);
  else cell.element.append(cell.link = anchor(link, context, '', 'draw-cover'));
  cell.link.ariaLabel = `${label}: ${link.title}`;
}
