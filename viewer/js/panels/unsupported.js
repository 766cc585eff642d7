// A panel that this viewer cannot draw says so in its own frame.

import { make } from '../draw/canvas.js';

export function drawUnsupported({ panel, body, words }) {
  // The server's words name the type already.
  const [first = words.unsupported(panel.type), ...rest] = panel.problems ?? [];
  body.append(make('div', 'draw-unsupported', make('strong', '', first[0].toUpperCase() + first.slice(1)), ...rest.map((problem) => make('p', '', problem))));
  return {};
}
