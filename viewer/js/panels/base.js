// What all panels share: a root element in the theme's colours, a tooltip, and the words that stand where data should be.

import { readable, themes } from '../draw/colors.js';
import { make, setText } from '../draw/canvas.js';
import { setLocale, setZone } from '../draw/units.js';
import { makeTooltip } from './tooltip.js';

const stripHeight = 26;

export function makeRoot(panel, element, context, kind) {
  const body = make('div', 'draw-body');
  const note = make('div', 'draw-note');
  const frame = make('div', `draw draw-${kind}`, body, note);
  const words = context.strings.drawing;
  let strip = 0;
  note.hidden = true;
  element.append(frame);

  const root = {
    panel, context, words, frame, body, options: panel.options ?? {}, data: null, theme: null, width: element.clientWidth, height: element.clientHeight,

    /** Takes the theme from the context: `dark`, `light` or a theme of colors.js. */
    applyTheme() {
      const { theme, format } = context;
      const found = themes[theme] ?? theme ?? themes.light;
      if (found === root.theme) return;
      root.theme = found;
      if (!format) return;
      setLocale(format.locale);
      setZone(format.timeZone);
    },

    /**
     * Shows errors and the reason for emptiness. With a picture (`isDrawn`) an error is a strip above it, without one it
     * takes the middle. Prometheus' words are shown as they came.
     */
    say({ errors, reason }, isDrawn) {
      const failed = [...new Set(errors.map((error) => error.message))].join('\n');
      // Data that have grown old are drawn, with the reason why nothing newer came. A panel without a query says what the board has wrong.
      const why = isDrawn ? reason : reason ?? panel.defaults?.noValue ?? ((panel.noQuery && panel.problems?.join('\n')) || words.noData);
      const state = failed ? (isDrawn ? 'strip' : 'error') : !isDrawn ? 'empty' : why ? 'strip old' : '';
      strip = state.startsWith('strip') ? stripHeight : 0;
      body.hidden = !isDrawn;
      note.hidden = state === '';
      frame.classList.toggle('with-strip', strip > 0);
      if (state === '') return;
      note.className = `draw-note ${state}`;
      note.role = failed ? 'alert' : 'status';
      setText(note, failed || why);
      note.title = isDrawn ? failed || why : '';
    },

    /** Height that the strip of an error leaves. */
    get room() {
      return Math.max(0, root.height - strip);
    },

    textColor: (color, ratio) => readable(color, root.theme, ratio),
  };
  root.tooltip = makeTooltip(root);
  root.applyTheme();
  return root;
}

/** A box that can be scrolled fades out at its lower end, or a single line at its right one, where there is more; returns what is to be called when its contents have changed. */
export function fadesBelow(box) {
  const look = () => box.classList.toggle('more', (box.matches('.one') ? box.scrollWidth - box.clientWidth - box.scrollLeft : box.scrollHeight - box.clientHeight - box.scrollTop) > 2);
  box.addEventListener('scroll', look, { passive: true });
  return look;
}
