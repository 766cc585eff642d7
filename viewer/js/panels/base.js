// What all panels share: a root element in the theme's colours, and the words that stand where data should be.

import { readable, themes } from '../draw/colors.js';
import { make, setText } from '../draw/canvas.js';
import { setLocale, setZone } from '../draw/units.js';

/** The theme in force: `context.theme` is `dark`, `light` or a theme of colors.js. */
export const themeOf = (context) => typeof context.theme === 'object' && context.theme ? context.theme : themes[context.theme] ?? themes.light;

export class PanelRoot {
  constructor(panel, element, context, kind) {
    this.panel = panel;
    this.context = context;
    this.words = context.strings.drawing;
    this.root = make('div', `draw draw-${kind}`);
    this.body = make('div', 'draw-body');
    this.note = make('div', 'draw-note');
    this.note.hidden = true;
    this.root.append(this.body, this.note);
    element.append(this.root);
    this.width = element.clientWidth;
    this.height = element.clientHeight;
    this.data = null;
    this.applyTheme();
  }

  /** Takes the theme from the context; says whether it is another one than before. */
  applyTheme() {
    const theme = themeOf(this.context);
    if (theme === this.theme) return false;
    this.theme = theme;
    const { format } = this.context;
    if (format) {
      setLocale(format.locale);
      setZone(format.timeZone);
    }
    return true;
  }

  /**
   * Shows errors and the reason for emptiness. With a picture (`drawn`) an error is a strip above it, without one it
   * takes the middle. Prometheus' words are shown as they came.
   */
  say(data, drawn) {
    const messages = [...new Set(data.errors.map((error) => error.message))];
    // Data that have grown old are drawn, with the reason why nothing newer came.
    const old = drawn && messages.length === 0 && data.reason;
    const state = messages.length > 0 ? (drawn ? 'strip' : 'error') : !drawn ? 'empty' : old ? 'strip old' : '';
    this.body.hidden = !drawn;
    this.note.hidden = state === '';
    this.root.classList.toggle('with-strip', state.startsWith('strip'));
    if (state === '') return;
    this.note.className = `draw-note ${state}`;
    this.note.setAttribute('role', messages.length === 0 ? 'status' : 'alert');
    const text = messages.join('\n') || (old || (data.reason ?? this.panel.defaults?.noValue ?? this.words.noData));
    setText(this.note, text);
    this.note.title = drawn ? text : '';
  }

  /** Height that the strip of an error leaves. */
  get room() {
    return Math.max(0, this.height - (this.root.classList.contains('with-strip') ? 26 : 0));
  }

  textColor(color, ratio) {
    return readable(color, this.theme, ratio);
  }

  destroy() {
    this.root.remove();
  }
}

/** The interface of a panel around an object with `update`, `layout` and perhaps `crosshair` and `destroy`. */
export function asPanel(root, inner) {
  return {
    update(data) {
      root.applyTheme();
      root.data = data;
      inner.update(data);
    },
    resize(width, height) {
      root.width = width;
      root.height = height;
      if (root.data) inner.layout();
    },
    crosshair(time, withTooltip = false) {
      inner.crosshair?.(time, withTooltip);
    },
    destroy() {
      inner.destroy?.();
      root.destroy();
    },
  };
}
