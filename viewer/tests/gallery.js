// Draws every sample; `?theme=dark`, `?group=series`. For eyes and for the tests.

import { panelFor } from '../js/panels/index.js';
import { strings } from '../js/strings.js';
import { makeFormat } from '../js/time.js';
import { samples } from './samples.js';

const params = new URLSearchParams(location.search);
const theme = params.get('theme') === 'dark' ? 'dark' : 'light';
document.documentElement.dataset.theme = theme;

export const events = { zooms: [], crosshairs: [], visits: [] };
export const panels = new Map();
const context = {
  theme, format: makeFormat(params.get('zone') ?? 'utc', params.get('locale') ?? 'en-GB'), strings, reducedMotion: true,
  onZoom: (from, to) => events.zooms.push([from, to]), onCrosshair: (time) => events.crosshairs.push(time), navigate: (url) => events.visits.push(url),
};

for (const { group, width, height, panel, data } of samples()) {
  if (params.get('group') && params.get('group') !== group) continue;
  const box = document.createElement('section');
  box.className = 'sample';
  box.dataset.title = `${panel.type}: ${panel.title}`;
  box.dataset.type = panel.type;
  const title = document.createElement('h3');
  title.textContent = panel.title;
  const body = document.createElement('div');
  body.style.width = `${width}px`;
  body.style.height = `${height}px`;
  box.append(title, body);
  document.body.append(box);
  const drawn = panelFor(panel.type).create(panel, body, context);
  drawn.resize(width, height);
  const values = data();
  drawn.update(values);
  panels.set(box.dataset.title, { drawn, panel, data: values, box });
}
window.gallery = { events, panels, context };
document.documentElement.dataset.ready = 'yes';
