// The text panel: the parts of Markdown and of HTML that boards use, as elements that we make ourselves. Of HTML that
// are the elements of a list, without their attributes; the browser's parser never sees it.

import { make } from '../draw/canvas.js';
import { asPanel, PanelRoot } from './base.js';
import { anchor } from './links.js';

export function create(panel, element, context) {
  const root = new PanelRoot(panel, element, context, 'text');
  const update = () => {
    const { mode = 'markdown', content = '' } = panel.options ?? {};
    root.note.hidden = true;
    const text = String(content);
    if (mode === 'code') {
      const code = make('pre', '', text);
      root.body.replaceChildren(code);
    } else root.body.replaceChildren(mode === 'html' ? rebuilt(text, context) : markdown(text, context));
  };
  update();
  return asPanel(root, { update() {}, layout() {} });
}

const safeUrl = (url) => !/[\u0000-\u0020\\]/.test(url) && /^(https?:\/\/|\/(?!\/)|#|\?)/i.test(url) ? url : null;

const harmless = new Set(['B', 'STRONG', 'I', 'EM', 'U', 'S', 'P', 'BR', 'HR', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'UL', 'OL', 'LI', 'CODE', 'PRE', 'BLOCKQUOTE', 'TABLE', 'THEAD', 'TBODY', 'TR', 'TH', 'TD', 'SPAN', 'DIV', 'SUP', 'SUB']);
const mute = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'IFRAME', 'OBJECT', 'SVG', 'MATH', 'NOSCRIPT', 'TEXTAREA', 'HEAD', 'TITLE', 'SELECT']);
const tags = /<!--[\s\S]*?-->|<(\/?)([a-z][a-z0-9]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/gi;
const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };
const decoded = (text) => text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (whole, decimal, hex, name) => {
  const code = decimal ? Number(decimal) : hex ? parseInt(hex, 16) : 0;
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : entities[name] ?? whole;
});

function rebuilt(text, context) {
  const result = make('div');
  const open = [result];
  let muted = null;
  let last = 0;
  const words = (end) => muted || open[open.length - 1].append(decoded(text.slice(last, end)));
  for (const found of text.matchAll(tags)) {
    words(found.index);
    last = found.index + found[0].length;
    const name = found[2]?.toUpperCase();
    const closing = found[1] === '/';
    if (muted ? closing && name === muted : mute.has(name)) muted = muted || closing ? null : name;
    else if (muted || !name) continue;
    else if (closing) {
      const at = open.findLastIndex((element) => element.tagName === name);
      if (at > 0) open.length = at;
    } else {
      const url = name === 'A' ? safeUrl(decoded(/\bhref\s*=\s*["']?([^"'\s>]+)/i.exec(found[3])?.[1] ?? '')) : null;
      const element = url ? anchor({ title: '', url, newTab: false }, context, '') : harmless.has(name) ? document.createElement(name) : null;
      if (!element) continue;
      open[open.length - 1].append(element);
      if (name !== 'BR' && name !== 'HR' && open.length < 30) open.push(element);
    }
  }
  words(text.length);
  return result;
}

const inline = /(`+)([\s\S]+?)\1|\*\*([^*]+?)\*\*|__([^_]+?)__|\*([^*\s][^*]*?)\*|\b_([^_]+?)_\b|~~([^~]+?)~~|!?\[([^\]]*)\]\(([^()\s]+)(?:\s+"[^"]*")?\)|<(https?:\/\/[^>\s]+)>|(https?:\/\/[^\s<>()]*[^\s<>().,;:!?])|\\([\\`*_{}[\]()#+\-.!|~])/g;

/** Text with emphasis, code and links, appended to an element. */
function spans(into, text, context) {
  let last = 0;
  for (const found of text.matchAll(inline)) {
    into.append(text.slice(last, found.index));
    last = found.index + found[0].length;
    const [, , code, bold, bold2, italic, italic2, struck, label, target, url, bare, escaped] = found;
    const wrap = (tag, words) => {
      const element = make(tag);
      spans(element, words, context);
      into.append(element);
    };
    if (code !== undefined) into.append(make('code', '', code.trim()));
    else if (bold ?? bold2) wrap('strong', bold ?? bold2);
    else if (italic ?? italic2) wrap('em', italic ?? italic2);
    else if (struck) wrap('s', struck);
    else if (escaped) into.append(escaped);
    else {
      const href = safeUrl(target ?? url ?? bare ?? '');
      if (href && found[0][0] !== '!') into.append(anchor({ title: '', url: href, newTab: false }, context, label || href));
      else into.append(label ?? found[0]);
    }
  }
  into.append(text.slice(last));
}

/** Markdown as a fragment of elements. */
export function markdown(text, context) {
  const result = make('div');
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  let paragraph = null;
  const lists = [];
  const close = () => {
    paragraph = null;
    lists.length = 0;
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    const fence = /^\s*(```|~~~)/.exec(line);
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    const item = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/.exec(line);
    if (fence) {
      close();
      const code = [];
      while (++at < lines.length && !lines[at].trim().startsWith(fence[1])) code.push(lines[at]);
      result.append(make('pre', '', code.join('\n')));
    } else if (heading) {
      close();
      // The page has its own first and second headings.
      const element = make(`h${Math.min(6, heading[1].length + 2)}`, `size${heading[1].length}`);
      spans(element, heading[2], context);
      result.append(element);
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      close();
      result.append(make('hr'));
    } else if (item) {
      paragraph = null;
      const depth = item[1].replace(/\t/g, '    ').length;
      while (lists.length > 0 && depth < lists[lists.length - 1].depth) lists.pop();
      let list = lists[lists.length - 1];
      if (!list || depth > list.depth + 1) {
        const element = make(/\d/.test(item[2]) ? 'ol' : 'ul');
        if (/\d/.test(item[2])) element.start = parseInt(item[2], 10);
        (list?.element.lastElementChild ?? result).append(element);
        lists.push(list = { depth, element });
      }
      const entry = make('li');
      spans(entry, item[3], context);
      list.element.append(entry);
      paragraph = entry;
    } else if (/^\s*>/.test(line)) {
      close();
      const quote = make('blockquote');
      const inner = [line.replace(/^\s*>\s?/, '')];
      while (at + 1 < lines.length && /^\s*>/.test(lines[at + 1])) inner.push(lines[++at].replace(/^\s*>\s?/, ''));
      quote.append(markdown(inner.join('\n'), context));
      result.append(quote);
    } else if (line.includes('|') && /^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$/.test(lines[at + 1] ?? '')) {
      close();
      at = table(lines, at, result, context);
    } else if (line.trim() === '') close();
    else if (paragraph) {
      paragraph.append(/ {2}$/.test(lines[at - 1]) ? make('br') : ' ');
      spans(paragraph, line.trim(), context);
    } else {
      paragraph = make('p');
      spans(paragraph, line.trim(), context);
      result.append(paragraph);
    }
  }
  return result;
}

function table(lines, at, into, context) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, '').split('|').map((cell) => cell.trim());
  const element = make('table');
  const row = (line, tag) => {
    const tr = make('tr');
    for (const cell of cells(line)) {
      const td = make(tag);
      spans(td, cell, context);
      tr.append(td);
    }
    element.append(tr);
  };
  row(lines[at], 'th');
  at += 2;
  while (at < lines.length && lines[at].includes('|')) row(lines[at++], 'td');
  into.append(element);
  return at - 1;
}
