// A panel that this viewer cannot draw says so in its own frame.

import { asPanel, PanelRoot } from './base.js';
import { make } from '../draw/canvas.js';

export function create(panel, element, context) {
  const root = new PanelRoot(panel, element, context, 'unsupported');
  root.note.hidden = true;
  const box = make('div', 'draw-unsupported');
  box.append(make('strong', '', root.words.unsupported(panel.type)));
  for (const problem of panel.problems ?? []) box.append(make('p', '', problem));
  root.body.append(box);
  return asPanel(root, { update() {}, layout() {} });
}
