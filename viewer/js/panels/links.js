// Links of data: the server has filled in what a board knows, here comes what a row, a series or a value knows.

import { make } from '../draw/canvas.js';

const lookup = (scope, name) => {
  const { series, row, frame, value, text, time } = scope;
  if (name === '__url_time_range') return { raw: scope.timeRange?.() ?? '' };
  if (name === '__all_variables') return { raw: scope.variables?.() ?? '' };
  const dot = name.indexOf('.');
  const head = dot < 0 ? name : name.slice(0, dot);
  const rest = dot < 0 ? '' : name.slice(dot + 1);
  if (head === '__series') return { text: series?.name ?? '' };
  if (head === '__value') return { text: String({ raw: value, numeric: value, text: text ?? value, time }[rest] ?? '') };
  if (head === '__field') {
    if (rest === 'name' || rest === 'displayName') return { text: series?.name ?? '' };
    const label = /^labels(?:\.(.+)|\["?([^"\]]+)"?\])$/.exec(rest);
    return label ? { text: series?.labels?.[label[1] ?? label[2]] ?? '' } : undefined;
  }
  if (name.startsWith('__data.fields')) {
    const path = /^__data\.fields(?:\.|\[)"?([^"\]]+?)"?\]?(\.text|\.numeric)?$/.exec(name);
    const wanted = path?.[1];
    if (frame && row !== undefined) {
      const field = frame.fields.find((candidate) => candidate.name === wanted || candidate.config?.displayName === wanted) ?? frame.fields[/^\d+$/.test(wanted) ? Number(wanted) : -1];
      return { text: String(field?.values[row] ?? '') };
    }
    return { text: series?.labels?.[wanted] ?? '' };
  }
  return undefined;
};

/** The URL with its blanks filled in and escaped; null when what comes out is neither a path nor http(s). */
export function fillUrl(template, scope) {
  const url = template.replace(/\$\{([^}]+)\}|\$(__url_time_range|__all_variables)/g, (whole, braces, bare) => {
    const colon = braces?.lastIndexOf(':') ?? -1;
    const format = colon > 0 ? braces.slice(colon + 1) : '';
    const found = lookup(scope, bare ?? (colon > 0 ? braces.slice(0, colon) : braces));
    if (!found) return '';
    if (found.raw !== undefined) return found.raw;
    return format === 'raw' || whole === template ? found.text : encodeURIComponent(found.text);
  });
  // Browsers drop control characters and read a backslash as a slash: neither may smuggle another host in.
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0020\\]/.test(url)) return null;
  return /^(https?:\/\/|\/(?!\/)|\?|#)/i.test(url) ? url : null;
}

/** Links of a field as `[{title, url, newTab}]`, filled in; those that lead nowhere are left out. */
export function linksOf(links, scope) {
  const result = [];
  for (const link of links ?? []) {
    const url = fillUrl(String(link.url ?? ''), scope);
    if (url) result.push({ title: fillTitle(String(link.title ?? ''), scope) || url, url, newTab: link.newTab ?? link.targetBlank ?? false });
  }
  return result;
}

const fillTitle = (title, scope) => title.replace(/\$\{([^}]+)\}/g, (whole, name) => lookup(scope, name)?.text ?? whole);

/** The range as the page's URL has it: a link out of the last hour leads to the last hour, not to this one. */
function rangeOfPage() {
  const params = new URLSearchParams(location.search);
  return ['from', 'to'].filter((name) => params.has(name)).map((name) => `${name}=${encodeURIComponent(params.get(name))}`).join('&');
}

/** What every link of a panel needs to know besides its row. */
export const linkScope = (context, data) => ({
  timeRange: () => context.timeRange?.() ?? (rangeOfPage() || `from=${data.from}&to=${data.to}`),
  variables: () => context.allVariables?.() ?? '',
});

/** An anchor that the page itself follows when it leads to the page. */
export function anchor(link, context, text = link.title, className = 'panel-link') {
  const element = make('a', className, text);
  pointAnchor(element, link);
  element.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || element.target) return;
    const href = element.getAttribute('href');
    if (!href.startsWith('/') || !context.navigate) return;
    event.preventDefault();
    context.navigate(href);
  });
  return element;
}

/** Gives an anchor of `anchor` another aim. */
export function pointAnchor(element, link) {
  element.href = link.url;
  element.title = link.title;
  if (link.newTab) element.target = '_blank';
  else element.removeAttribute('target');
  element.rel = 'noopener noreferrer';
}
