// The text panel: the parts of Markdown and of HTML that boards use, as elements that we make ourselves. Of HTML that
// are the elements of a list, without their attributes; the browser's parser never sees it. All is read in time that
// grows as the text does, whoever wrote it: no pattern here looks past the next sign of its own kind.

import { make } from '../draw/canvas.js';
import { anchor, isSafe } from './links.js';

const longest = 65536;
const deepest = 10;

export function drawText({ options, body, context, words }) {
  const { mode, content = '' } = options;
  const text = String(content).slice(0, longest);
  body.append(mode === 'code' ? make('pre', '', text) : mode === 'html' ? rebuilt(text, context) : markdown(text, context));
  if (!text.trim()) body.replaceChildren(make('p', 'muted', words.noText));
  return {};
}

const harmless = new Set('B STRONG I EM U S P BR HR H1 H2 H3 H4 H5 H6 UL OL LI CODE PRE BLOCKQUOTE TABLE THEAD TBODY TR TH TD SPAN DIV SUP SUB'.split(' '));
const mute = new Set('SCRIPT STYLE TEMPLATE IFRAME OBJECT SVG MATH NOSCRIPT TEXTAREA HEAD TITLE SELECT'.split(' '));
const tag = /<(\/?)([a-z][a-z0-9]*)([^<>]*)>/iy;

// Each sign behind its name.
const entities = Object.fromEntries('amp& lt< gt> quot" apos\' nbsp\u00a0 copy© reg® trade™ mdash— ndash– hellip… euro€ pound£ yen¥ deg° micro\u00b5 times× middot· bull• laquo« raquo» lsquo‘ rsquo’ ldquo“ rdquo” larr← rarr→ uarr↑ darr↓ plusmn± sect§ le≤ ge≥ ne≠ infin∞'
  .split(' ').map((word) => [word.slice(0, -1), word.slice(-1)]));
const decoded = (text) => text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal, hex, name) => {
  const code = decimal ? Number(decimal) : hex ? parseInt(hex, 16) : 0;
  if (code > 0 && code <= 0x10ffff) return String.fromCodePoint(code);
  return Object.hasOwn(entities, name ?? '') ? entities[name] : whole;
});

const link = (url, context, words) => anchor({ title: '', url, newTab: false }, context, words);

function rebuilt(text, context) {
  const open = [make('div')];
  let muted = null;
  let last = 0;
  const addWords = (end) => muted || open.at(-1).append(decoded(text.slice(last, end)));
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', Math.max(at + 1, last))) {
    if (text.startsWith('<!--', at)) {
      const end = text.indexOf('-->', at);
      addWords(at);
      last = end < 0 ? text.length : end + 3;
      continue;
    }
    tag.lastIndex = at;
    const found = tag.exec(text);
    if (!found) continue;
    addWords(at);
    last = tag.lastIndex;
    const [, slash, word, attributes] = found;
    const name = word.toUpperCase();
    if (muted ? slash && name === muted : mute.has(name)) muted = muted || slash ? null : name;
    else if (muted) continue;
    else if (slash) {
      const begun = open.findLastIndex((element) => element.tagName === name);
      if (begun > 0) open.length = begun;
    } else {
      const url = name === 'A' ? decoded(/\bhref\s*=\s*["']?([^"'\s]+)/i.exec(attributes)?.[1] ?? '') : '';
      const element = isSafe(url) ? link(url, context, '') : harmless.has(name) ? make(name) : null;
      if (!element) continue;
      open.at(-1).append(element);
      if (name !== 'BR' && name !== 'HR' && open.length < 30) open.push(element);
    }
  }
  addWords(text.length);
  return open[0];
}

const inline = /(`{1,3})([^]+?)\1|(\*\*|__|~~)([^*_~]+)\3|\*([^*\s][^*]*)\*|\b_([^_]+)_\b|!?\[([^[\]]*)\]\(([^()\s]+)(?:\s+"[^"]*")?\)|<(https?:\/\/[^<>\s]+)>|(https?:\/\/[^\s<>()]*[^\s<>().,;:!?])|\\([\\`*_{}[\]()#+\-.!|~])/g;

/** Text with emphasis, code and links, appended to an element. */
function spans(into, text, context) {
  let last = 0;
  for (const found of text.matchAll(inline)) {
    into.append(decoded(text.slice(last, found.index)));
    last = found.index + found[0].length;
    const [whole, , code, marks, marked, italic, italic2, label, target, url, bare, escaped] = found;
    const words = marked ?? italic ?? italic2;
    const href = target ?? url ?? bare;
    if (code !== undefined) into.append(make('code', '', code.trim()));
    else if (words !== undefined) {
      const element = make(marked === undefined ? 'em' : marks === '~~' ? 's' : 'strong');
      spans(element, words, context);
      into.append(element);
    } else if (escaped) into.append(escaped);
    else into.append(isSafe(href) && whole[0] !== '!' ? link(href, context, label || href) : label ?? whole);
  }
  into.append(decoded(text.slice(last)));
}

const cellsOf = (line) => line.trim().replace(/^\||\|$/g, '').split('|').map((cell) => cell.trim());
const isTableRule = (line = '') => line.includes('--') && cellsOf(line).every((cell) => /^:?-{2,}:?$/.test(cell));

/** A heading's level and words: signs behind it are no part of it. */
function headingOf(line) {
  const [, signs, words] = /^(#{1,6})\s+(\S[^]*)$/.exec(line.trim()) ?? [];
  if (!signs) return null;
  let end = words.length;
  while (words[end - 1] === '#') end--;
  return [signs.length, (end === 0 || /\s/.test(words[end - 1]) ? words.slice(0, end) : words).trim()];
}

/** Markdown as an element; quotes in more quotes than anybody reads are text. */
export function markdown(text, context, depth = 0) {
  const result = make('div');
  const lines = text.slice(0, longest).replace(/\r\n?/g, '\n').split('\n');
  let paragraph = null;
  let lists = [];
  /** Ends what was open and begins an element with words, after which a paragraph begins anew. */
  const add = (element, words) => {
    paragraph = null;
    lists = [];
    if (words !== undefined) spans(element, words, context);
    result.append(element);
    return element;
  };
  const isQuote = (line) => depth < deepest && /^\s*>/.test(line);

  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    const [, fence] = /^\s*(```|~~~)/.exec(line) ?? [];
    const heading = headingOf(line);
    const bare = line.replace(/\s+/g, '');
    const [, indent, bullet, entry] = /^(\s*)([-*+]|\d{1,9}[.)])\s([^]*)$/.exec(line) ?? [];
    if (fence) {
      const code = [];
      while (++at < lines.length && !lines[at].trim().startsWith(fence)) code.push(lines[at]);
      add(make('pre', '', code.join('\n')));
    } else if (heading) {
      // The page has its own first and second headings.
      add(make(`h${Math.min(6, heading[0] + 2)}`, `size${heading[0]}`), heading[1]);
    } else if (/^(---+|\*\*\*+|___+)$/.test(bare)) add(make('hr'));
    else if (bullet) {
      const level = indent.replace(/\t/g, '    ').length;
      while (lists.length > 0 && level < lists.at(-1).level) lists.pop();
      let list = lists.at(-1);
      if (!list || level > list.level + 1) {
        const element = make(/\d/.test(bullet) ? 'ol' : 'ul');
        if (/\d/.test(bullet)) element.start = parseInt(bullet, 10);
        (list?.element.lastElementChild ?? result).append(element);
        lists.push(list = { level, element });
      }
      list.element.append(paragraph = make('li'));
      spans(paragraph, entry.trim(), context);
    } else if (isQuote(line)) {
      const inner = [];
      for (; at < lines.length && isQuote(lines[at]); at++) inner.push(lines[at].replace(/^\s*>\s?/, ''));
      at--;
      add(make('blockquote', '', markdown(inner.join('\n'), context, depth + 1)));
    } else if (line.includes('|') && isTableRule(lines[at + 1])) {
      const table = add(make('table'));
      for (let row = at; at < lines.length && lines[at].includes('|'); at++) {
        if (at === row + 1) continue;
        table.append(make('tr', '', ...cellsOf(lines[at]).map((cell) => {
          const element = make(at === row ? 'th' : 'td');
          spans(element, cell, context);
          return element;
        })));
      }
      at--;
    } else if (bare === '') {
      paragraph = null;
      lists = [];
    } else if (paragraph) {
      paragraph.append(lines[at - 1].endsWith('  ') ? make('br') : ' ');
      spans(paragraph, line.trim(), context);
    } else paragraph = add(make('p'), line.trim());
  }
  return result;
}
