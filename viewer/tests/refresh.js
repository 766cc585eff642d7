// Twelve panels of ten series of 720 points, refreshed by a step at a time: for `make bench`, and for the test that
// nothing piles up.

import { appendTail, readAnswers } from '../js/panels/data.js';
import { panelFor } from '../js/panels/index.js';
import { strings } from '../js/strings.js';
import { makeFormat } from '../js/time.js';

const step = 30;
const points = 720;
const names = Array.from({ length: 10 }, (_, at) => `pve${at}`);
const target = { ref: 'A', expr: 'made_up', step, instant: false, legend: '{{node}}', hidden: false };
const value = (index, time) => String(0.5 + 0.3 * Math.sin(time / 3000 + index) + 0.05 * Math.sin(time * 1.3 + index));
const frame = () => new Promise((done) => requestAnimationFrame(done));

function answer(from, to) {
  const result = names.map((node, index) => ({ metric: { node }, values: Array.from({ length: (to - from) / step + 1 }, (_, at) => [from + at * step, value(index, from + at * step)]) }));
  return { target, body: { status: 'success', data: { resultType: 'matrix', result } } };
}

function panelOf(at, end) {
  const stacked = at % 3 === 0;
  return {
    key: String(at), type: 'timeseries', title: `Panel ${at}`, start: end - (points - 1) * step, end, targets: [target], overrides: [],
    defaults: { unit: 'percentunit', min: 0, color: { mode: 'palette-classic' }, custom: { drawStyle: 'line', fillOpacity: stacked ? 40 : 8, lineWidth: 1, showPoints: 'never', stacking: { mode: stacked ? 'normal' : 'none', group: 'A' } } },
    options: { legend: { showLegend: true, displayMode: at % 2 ? 'list' : 'table', placement: 'bottom', calcs: at % 2 ? [] : ['mean', 'max'] }, tooltip: { mode: 'multi', sort: 'desc' } },
  };
}

/** Script time of a refresh of all panels in milliseconds (`times`), and what so many more leave behind. */
export async function measure(timed, more) {
  let end = 1700000400;
  const context = { theme: 'dark', format: makeFormat('utc', 'en-GB'), strings, reducedMotion: true };
  const begin = performance.now();
  const all = Array.from({ length: 12 }, (_, at) => {
    const panel = panelOf(at, end);
    const host = document.createElement('div');
    host.style.width = '440px';
    host.style.height = '260px';
    document.body.append(host);
    const drawn = panelFor(panel.type).create(panel, host, context);
    drawn.resize(440, 260);
    const data = readAnswers(panel, [answer(panel.start, end)], { start: panel.start, end, from: panel.start * 1000, to: end * 1000 });
    drawn.update(data);
    return { panel, drawn, data };
  });
  const first = performance.now() - begin;
  const refresh = () => {
    end += step;
    const start = end - (points - 1) * step;
    const tail = end - 2 * step;
    const news = [answer(tail, end)];
    const began = performance.now();
    for (const { panel, drawn, data } of all) {
      if (!appendTail(data, panel, news, { start, end, tail, from: start * 1000, to: end * 1000 })) throw new Error('the tail was refused');
      drawn.update(data);
    }
    return performance.now() - began;
  };
  const times = [];
  for (let at = 0; at < timed; at++) {
    times.push(refresh());
    await frame();
  }
  const heap = () => {
    globalThis.gc?.();
    return performance.memory?.usedJSHeapSize ?? 0;
  };
  const elements = () => document.querySelectorAll('*').length;
  const before = { heap: heap(), elements: elements() };
  for (let at = 0; at < more; at++) {
    refresh();
    if (at % 20 === 0) await frame();
  }
  const after = { heap: heap(), elements: elements() };
  for (const { drawn } of all) drawn.destroy();
  return { first, times, before, after };
}
