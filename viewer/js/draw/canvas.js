// A canvas that is sharp on every screen, and text that is measured once.

const family = 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif';
export const font = (size, weight = 400) => `${weight} ${size}px ${family}`;

/** An element with a class and perhaps a text; the only way in which panels make elements. */
export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Sets a text only when it is another one: most refreshes change few of them. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export class Surface {
  constructor(className) {
    this.element = make('canvas', className);
    this.context = this.element.getContext('2d');
    this.width = 0;
    this.height = 0;
  }

  /** Takes a size in CSS pixels; the canvas itself has as many pixels as the screen shows. */
  resize(width, height) {
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    if (width === this.width && height === this.height && ratio === this.ratio) return;
    this.width = Math.max(0, width);
    this.height = Math.max(0, height);
    this.ratio = ratio;
    this.element.width = Math.max(1, Math.round(this.width * ratio));
    this.element.height = Math.max(1, Math.round(this.height * ratio));
    this.element.style.width = `${this.width}px`;
    this.element.style.height = `${this.height}px`;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  clear() {
    this.context.clearRect(0, 0, this.width, this.height);
  }
}

let ruler = null;
let widths = new Map();

/** Width of a text in CSS pixels. */
export function textWidth(text, fontText) {
  const key = fontText + text;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size > 5000) widths = new Map();
    ruler ??= document.createElement('canvas').getContext('2d');
    ruler.font = fontText;
    width = ruler.measureText(text).width;
    widths.set(key, width);
  }
  return width;
}

/** The text, or as much of it as fits, with an ellipsis; empty when not even two letters do. */
export function fitted(text, width, fontText) {
  if (textWidth(text, fontText) <= width) return text;
  let low = 0;
  let high = Math.min(text.length, 400);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (textWidth(text.slice(0, middle) + '…', fontText) <= width) low = middle;
    else high = middle - 1;
  }
  return low < 2 ? '' : text.slice(0, low) + '…';
}

/** The largest font size at which the text fits into the box. */
export function fittingSize(text, width, height, smallest, largest, weight = 500) {
  const at100 = textWidth(text, font(100, weight)) || 1;
  return Math.max(smallest, Math.min(largest, Math.floor(height), Math.floor(width / at100 * 100)));
}
