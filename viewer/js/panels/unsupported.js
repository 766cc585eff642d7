// A panel that this viewer cannot draw says so in its own frame.

import { make } from '../draw/canvas.js';

export function drawUnsupported({ panel, body, words }) {
  // The server's words name the type already.
  const [first = words.unsupported(panel.type), ...rest] = panel.problems ?? [];
  const said = [first[0].toUpperCase() + first.slice(1), ...rest];
  const element = make('div', 'words', ...said.map((each, at) => make(at === 0 ? 'strong' : 'p', '', each)));
  // A panel of one line has room for the beginning of it.
  element.title = said.join('\n');
  body.append(element);
  return {};
}
