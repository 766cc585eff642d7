// The box beside the pointer. One for the whole page: it shows the time, a line a series, and, once pinned by a click,
// the links of the series next to the pointer.

import { make, setText } from '../draw/canvas.js';
import { anchor } from './links.js';

const most = 32;

export class Tooltip {
  constructor(root) {
    this.root = root;
    this.rows = [];
    this.pinned = false;
  }

  build() {
    if (this.element) return;
    this.element = make('div', 'draw-tooltip');
    this.element.setAttribute('role', 'tooltip');
    this.title = make('div', 'draw-tooltip-title');
    this.list = make('div', 'draw-tooltip-rows');
    this.more = make('div', 'draw-tooltip-more');
    this.links = make('div', 'draw-tooltip-links');
    this.element.append(this.title, this.list, this.more, this.links);
    this.scrolled = (event) => this.element.contains(event.target) || this.hide(true);
    this.escape = (event) => {
      if (event.key === 'Escape' || (event.type === 'pointerdown' && !this.element.contains(event.target))) this.hide(true);
    };
  }

  /** `rows` is `[{color, name, text, strong}]`; `x` and `y` are in the panel's pixels, `host` is what they are measured from. */
  show(host, x, y, title, rows, links = []) {
    this.build();
    const { element } = this;
    setText(this.title, title);
    const shown = Math.min(rows.length, most);
    while (this.rows.length < shown) {
      const line = make('div', 'draw-tooltip-row');
      line.append(make('i'), make('span', 'name'), make('b'));
      this.rows.push(line);
      this.list.append(line);
    }
    for (let at = 0; at < this.rows.length; at++) {
      const line = this.rows[at];
      line.hidden = at >= shown;
      if (line.hidden) continue;
      const row = rows[at];
      line.children[0].style.background = row.color;
      setText(line.children[1], row.name);
      setText(line.children[2], row.text);
      line.classList.toggle('strong', Boolean(row.strong));
    }
    this.more.hidden = rows.length <= most;
    if (!this.more.hidden) setText(this.more, this.root.words.more(rows.length - most));
    this.links.replaceChildren(...links.map((link) => anchor(link, this.root.context)));
    this.links.hidden = links.length === 0;
    if (!element.isConnected) {
      document.body.append(element);
      // What is scrolled away takes its tooltip along; the box itself may scroll when it is pinned.
      document.addEventListener('scroll', this.scrolled, { capture: true, passive: true });
    }
    this.place(host, x, y);
  }

  /** Beside the pointer, on the side where there is room, and never out of the window. */
  place(host, x, y) {
    const box = host.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.element;
    let left = box.left + x + 14;
    if (left + width > window.innerWidth - 6) left = box.left + x - width - 14;
    const top = Math.min(box.top + y - height / 3, window.innerHeight - height - 6);
    this.element.style.transform = `translate(${Math.round(Math.max(6, left))}px, ${Math.round(Math.max(6, top))}px)`;
  }

  pin() {
    this.pinned = true;
    this.element?.classList.add('pinned');
    // The click that pins is over before the next one can unpin.
    setTimeout(() => {
      if (!this.pinned) return;
      document.addEventListener('pointerdown', this.escape);
      document.addEventListener('keydown', this.escape);
    });
  }

  hide(evenPinned = false) {
    if (this.pinned && !evenPinned) return;
    this.pinned = false;
    if (!this.element) return;
    document.removeEventListener('scroll', this.scrolled, { capture: true });
    document.removeEventListener('pointerdown', this.escape);
    document.removeEventListener('keydown', this.escape);
    this.element.classList.remove('pinned');
    this.element.remove();
  }
}
