// Every sample with something in it that is not what it should be: boards come from many hands.

import { panelFor } from '../js/panels/index.js';
import { fieldOf } from '../js/panels/fields.js';
import { strings } from '../js/strings.js';
import { makeFormat } from '../js/time.js';
import { samples } from './samples.js';

const odd = [null, '', 'x', -1, 1e300, NaN, true, [], {}, [null], { mode: null }, '/(/', 'continuous-GrYlRd', { steps: null }, [{}], [{ type: 'value' }], { type: 'log', log: 0 }];
const options = ['legend', 'tooltip', 'reduceOptions', 'text', 'color', 'yAxis', 'cellValues', 'calculation', 'sortBy', 'footer', 'orientation', 'displayMode'].map((name) => ['options', name]);
const defaults = ['unit', 'decimals', 'min', 'max', 'thresholds', 'mappings', 'color', 'custom', 'links', 'noValue', 'displayName'].map((name) => ['defaults', name]);
const custom = ['stacking', 'scaleDistribution', 'lineStyle', 'thresholdsStyle', 'hideFrom', 'spanNulls', 'fillOpacity', 'cellOptions'].map((name) => ['defaults', 'custom', name]);
const places = [['options'], ['defaults'], ['overrides'], ['title'], ...options, ...defaults, ...custom];

/** What threw, as texts; `[]` is what one wants. */
export function failures() {
  const context = { theme: 'light', format: makeFormat('utc', 'en-GB'), strings, reducedMotion: true };
  const host = document.createElement('div');
  document.body.append(host);
  const found = [];
  let turn = 0;
  for (const { panel: plain, data } of samples().filter(({ panel }) => !/200 series|20000|Ten thousand/.test(panel.title))) {
    for (let at = 0; at < 12; at++) {
      const panel = structuredClone(plain);
      const path = places[turn % places.length];
      const value = odd[(turn * 7 + at) % odd.length];
      turn++;
      let into = panel;
      for (const part of path.slice(0, -1)) into = into[part] ??= {};
      into[path[path.length - 1]] = value;
      try {
        const drawn = panelFor(panel.type).create(panel, host, context);
        drawn.resize(300, 200);
        const values = data();
        for (const series of values.series) series.field = fieldOf(panel, series);
        drawn.update(values);
        drawn.resize(120, 60);
        drawn.resize(0, 0);
        drawn.crosshair(values.to - 1000, true);
        drawn.crosshair(null);
        drawn.destroy();
      } catch (error) {
        found.push(`${panel.type} ${path.join('.')} = ${JSON.stringify(value)}: ${error.message}`);
        host.replaceChildren();
      }
    }
  }
  host.remove();
  return found;
}
