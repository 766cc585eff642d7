// The box beside the pointer: it shows the time, a line a series, and, once pinned by a click, the links of the series
// next to the pointer.

import { keepRows, make, setText } from '../draw/canvas.js';
import { anchor } from './links.js';

const most = 32;

export function makeTooltip({ words, context }) {
  const rows = [];
  let isPinned = false;
  let box = null;
  let title, list, more, links;

  const build = () => {
    title = make('div', 'draw-tooltip-title');
    list = make('div', 'draw-tooltip-rows');
    more = make('div', 'draw-tooltip-more');
    links = make('div', 'draw-tooltip-links');
    box = make('div', 'draw-tooltip', title, list, more, links);
    box.role = 'tooltip';
  };
  const addRow = () => {
    const element = make('div', 'draw-tooltip-row', make('i'), make('span', 'name'), make('b'));
    list.append(element);
    return { element };
  };
  // What is scrolled away takes its tooltip along; the box itself may scroll when it is pinned.
  const isElsewhere = (event) => !box.contains(event.target);
  const scrolled = (event) => {
    if (isElsewhere(event)) hide(true);
  };
  const dismissed = (event) => {
    if (event.key === 'Escape' || (event.type === 'pointerdown' && isElsewhere(event))) hide(true);
  };

  const hide = (evenPinned = false) => {
    if (!box || (isPinned && !evenPinned)) return;
    isPinned = false;
    document.removeEventListener('scroll', scrolled, true);
    document.removeEventListener('pointerdown', dismissed);
    document.removeEventListener('keydown', dismissed);
    box.classList.remove('pinned');
    box.remove();
  };

  const show = (host, x, y, found) => {
    if (!box) build();
    setText(title, found.title);
    keepRows(rows, Math.min(found.rows.length, most), addRow);
    for (const [at, { element }] of rows.entries()) {
      const { color, name, text, strong } = found.rows[at];
      const [swatch, label, value] = element.children;
      swatch.style.background = color;
      setText(label, name);
      setText(value, text);
      element.classList.toggle('strong', Boolean(strong));
    }
    more.hidden = found.rows.length <= most;
    setText(more, words.more(found.rows.length - most));
    links.replaceChildren(...(found.links ?? []).map((link) => anchor(link, context)));
    links.hidden = !links.firstChild;
    if (!box.isConnected) {
      document.body.append(box);
      document.addEventListener('scroll', scrolled, { capture: true, passive: true });
    }
    place(host.getBoundingClientRect(), x, y);
  };

  /** Beside the pointer, on the side where there is room, and never out of the window. */
  const place = (host, x, y) => {
    const { offsetWidth: width, offsetHeight: height } = box;
    let left = host.left + x + 14;
    if (left + width > innerWidth - 6) left = host.left + x - width - 14;
    const top = Math.min(host.top + y - height / 3, innerHeight - height - 6);
    box.style.transform = `translate(${Math.round(Math.max(6, left))}px, ${Math.round(Math.max(6, top))}px)`;
  };

  return {
    hide,
    get isPinned() {
      return isPinned;
    },

    /**
     * Shows what `find(withLinks)` finds at a place in the pixels of `host`: `{title, rows: [{color, name, text,
     * strong}], links}`, or nothing; `pin` is a click, after which it stays. Returns what is shown.
     */
    at(host, x, y, find, pin = false) {
      if (pin) hide(true);
      else if (isPinned) return null;
      const found = find(pin);
      if (!found) {
        hide();
        return null;
      }
      show(host, x, y, found);
      if (pin) {
        isPinned = true;
        box.classList.add('pinned');
        // The click that pins is over before the next one can unpin.
        setTimeout(() => {
          if (!isPinned) return;
          document.addEventListener('pointerdown', dismissed);
          document.addEventListener('keydown', dismissed);
        });
      }
      return found;
    },
  };
}
