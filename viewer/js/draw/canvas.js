// A canvas that is sharp on every screen, the few strokes that panels make on it, and text that is measured once.

const family = 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif';
export const font = (size, weight = 400) => `${weight} ${size}px ${family}`;
/** What stands at axes and on bars. */
export const small = font(11);

export const clamp = (value, low = 0, high = 1) => Math.min(high, Math.max(low, value));

/** A function that knows its answers by the first argument, and forgets them all when there are too many. */
export function remembered(most, make) {
  const known = new Map();
  return (key, ...rest) => {
    let value = known.get(key);
    if (value === undefined) {
      if (known.size > most) known.clear();
      known.set(key, value = make(key, ...rest));
    }
    return value;
  };
}

/** An element with a class and what is in it, texts or elements; the only way in which panels make elements. */
export function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content);
  return element;
}

/** Sets a text only when it is another one: most refreshes change few of them. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes a list of rows as long as is wanted; each has its `element`. */
export function keepRows(rows, wanted, add) {
  while (rows.length < wanted) rows.push(add());
  while (rows.length > wanted) rows.pop().element.remove();
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
    const ratio = Math.min(3, devicePixelRatio || 1);
    if (width === this.width && height === this.height && ratio === this.ratio) return;
    this.width = Math.max(0, width);
    this.height = Math.max(0, height);
    this.ratio = ratio;
    const { element } = this;
    element.width = Math.max(1, Math.round(this.width * ratio));
    element.height = Math.max(1, Math.round(this.height * ratio));
    element.style.width = `${this.width}px`;
    element.style.height = `${this.height}px`;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  clear() {
    this.context.clearRect(0, 0, this.width, this.height);
  }
}

export function fillBox(context, color, x, y, width, height) {
  context.fillStyle = color;
  context.fillRect(x, y, width, height);
}

/** A line of one pixel, perhaps dashed. */
export function drawLine(context, color, x1, y1, x2, y2, dash = []) {
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
  context.setLineDash([]);
}

/** A text whose middle is at the height `y`. */
export function write(context, text, x, y, color, align = 'left', fontText = small) {
  context.font = fontText;
  context.textAlign = align;
  context.textBaseline = 'middle';
  context.fillStyle = color;
  context.fillText(text, x, y);
}

/** Draws what `body` draws, as far as it lies in the box. */
export function clipped(context, x, y, width, height, body) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  body();
  context.restore();
}

let ruler = null;
const measured = remembered(5000, (key, text, fontText) => {
  ruler ??= new Surface().context;
  ruler.font = fontText;
  return ruler.measureText(text).width;
});

/** Width of a text in CSS pixels. */
export const textWidth = (text, fontText = small) => measured(fontText + text, text, fontText);

/** The width of the widest. */
export const widestOf = (texts, fontText) => texts.reduce((width, text) => Math.max(width, textWidth(text, fontText)), 0);

/** The text, or as much of it as fits, with an ellipsis; empty when not even two letters do. */
export function fitted(text, width, fontText = small) {
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
export const fittingSize = (text, width, height, smallest, largest) =>
  clamp(Math.min(Math.floor(height), Math.floor(width / (textWidth(text, font(100, 500)) || 1) * 100)), smallest, largest);
