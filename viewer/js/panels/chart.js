// What all pictures over time share: the plot, its tooltip, the words for those who do not see it, and margins that stand still.

import { make } from '../draw/canvas.js';
import { axisHeight, makePlot } from '../draw/plot.js';
import { named } from '../draw/colors.js';

/**
 * `parts`: `paint(context, area)` draws, `find(time, x, y, withLinks)` says what the tooltip shows of a place (`{title,
 * rows, links}` or null), `mark(context, area, time)` draws at the crosshair, `step()` is the data's step in ms, and
 * `leave()` tells that nobody points any more.
 */
export function makeChart(root, { paint, find, mark, step, leave = () => {} }) {
  const { tooltip, context, words, panel } = root;
  const host = make('div', 'draw-picture');
  const live = make('div', 'draw-live');
  live.ariaLive = 'polite';
  root.body.append(host, live);
  let pointer = null;
  let leftWidth = 0;
  let told = { at: -Infinity };

  const notesAt = (x) => (root.data.annotations ?? []).filter((note) => Math.abs(plot.xOf(note.time) - x) < 5)
    .map((note) => ({ color: named(note.color ?? 'blue', root.theme), name: note.title || note.name || '', text: note.text ?? '' }));

  const point = (time, x, y, pin) => {
    const shown = tooltip.at(plot.canvas, x, y, (withLinks) => {
      const notes = notesAt(x);
      const found = find(time, x, y, withLinks) ?? (notes.length > 0 && { title: context.format.dateTime(time), rows: [] });
      return found && { ...found, rows: [...notes, ...found.rows] };
    }, pin);
    if (shown && document.activeElement === plot.canvas) live.textContent = `${shown.title}: ${shown.rows.slice(0, 5).map((row) => `${row.name} ${row.text}`).join(', ')}`;
  };

  const plot = makePlot(host, context, {
    mark, step,
    paint(drawing, area) {
      paint(drawing, area);
      if (root.data.annotations?.length) plot.drawAnnotations(root.data.annotations);
    },
    hover(time, x, y) {
      pointer = [x, y];
      point(time, x, y);
    },
    leave() {
      pointer = null;
      leave();
      tooltip.hide();
      live.textContent = '';
    },
    pin: (time, x, y) => point(time, x, y, true),
  });

  return {
    plot, host,

    begin({ from, to }) {
      Object.assign(plot, { theme: root.theme, from, to });
    },

    /** Draws in a box of that size with so much room for what stands beside the picture. */
    place(width, height, left, right = 10, top = 8, bottom = axisHeight) {
      plot.resize(width, height);
      // The left margin grows at once and shrinks only by much, or the picture would jump with every digit.
      if (left > leftWidth || left < leftWidth - 24) leftWidth = left;
      plot.setMargins(leftWidth, right, top, bottom);
      plot.draw();
    },

    /** Tells the picture in words, a few seconds after the last time at the earliest; `parts()` are those of its series. */
    tell(count, parts) {
      // Under a pointer that rests the numbers go on with the picture.
      if (pointer) point(plot.timeAt(pointer[0]), ...pointer);
      const now = performance.now();
      if (now - told.at < 5000 && told.count === count) return;
      told = { at: now, count };
      const { dateTime } = context.format;
      plot.canvas.ariaLabel = words.chartSummary(panel.title, count, dateTime(plot.from), dateTime(plot.to), parts());
    },

    crosshair(time, withTooltip) {
      leave();
      plot.crosshair(time);
      if (time === null || !withTooltip) tooltip.hide();
      else point(time, plot.xOf(time), plot.eyeHeight());
    },

    destroy: plot.destroy,
  };
}
