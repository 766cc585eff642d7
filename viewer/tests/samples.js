// Panels with made-up data for the gallery: every type, plain and strange.

import { readAnswers } from '../js/panels/data.js';

export const end = 1700000400;
const hostile = ['<img src=x onerror=alert(1)>', '"><script>alert(2)</script>', 'a'.repeat(300), 'שלום عربي 漢字 🐧', '{{instance}} ${__field.name}', ' '];

const wave = (index, at, height = 1) => height * (0.5 + 0.35 * Math.sin(at / (23 + index * 7) + index) + 0.08 * Math.sin(at * 1.7 + index * 3));

/** Matrix answers: `make(index, at)` is the value of a series at a step; null is a gap. */
export function matrix(names, make, { points = 360, step = 60, label = 'node', ref = 'A', format = 'time_series' } = {}) {
  const start = end - (points - 1) * step;
  return {
    target: { ref, expr: 'made_up', step, instant: false, legend: `{{${label}}}`, format, hidden: false },
    body: { status: 'success', data: { resultType: 'matrix', result: names.map((name, index) => ({ metric: { [label]: name }, values: Array.from({ length: points }, (_, at) => [start + at * step, make(index, at)]).filter((pair) => pair[1] !== null).map(([time, value]) => [time, String(value)]) })) } },
    start,
  };
}

export function vector(pairs, label = 'node', ref = 'A') {
  return {
    target: { ref, expr: 'made_up', step: 60, instant: true, legend: `{{${label}}}`, format: 'time_series', hidden: false },
    body: { status: 'success', data: { resultType: 'vector', result: pairs.map(([name, value]) => ({ metric: { [label]: name }, value: [end, String(value)] })) } },
    start: end - 21600,
  };
}

const green = { mode: 'absolute', steps: [{ color: 'green', value: null }] };
const load = { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'orange', value: 0.8 }, { color: 'red', value: 0.95 }] };
const nodes = ['pve1', 'pve2', 'pve3'];
const bottom = { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] };
const aside = { showLegend: true, displayMode: 'table', placement: 'right', calcs: ['mean', 'max', 'lastNotNull'] };
const multi = { mode: 'multi', sort: 'desc' };
const lines = (custom = {}, rest = {}) => ({ unit: 'percentunit', min: 0, color: { mode: 'palette-classic' }, thresholds: green, custom: { drawStyle: 'line', fillOpacity: 8, lineWidth: 1, showPoints: 'never', ...custom }, ...rest });

function sample(group, title, type, width, height, { defaults = {}, options = {}, overrides = [], answers = [], range = {} }) {
  const start = answers[0]?.start ?? end - 21600;
  const panel = { key: title, type, title, defaults: { mappings: [], custom: {}, ...defaults }, options, overrides, targets: answers.map((answer) => answer.target), problems: [], start, end };
  return { group, width, height, panel, data: () => readAnswers(panel, answers, { from: start * 1000, to: end * 1000, start, end, ...range }) };
}

const series = (title, width, height, spec) => sample('series', title, 'timeseries', width, height, { options: { legend: bottom, tooltip: multi }, ...spec });
const upDown = [{ type: 'value', options: { 0: { text: 'Down', color: 'red', index: 0 }, 1: { text: 'Up', color: 'green', index: 1 } } }];

const many = Array.from({ length: 200 }, (_, at) => `guest-${at}`);

const seriesSamples = () => [
  series('Lines, one gap, a threshold', 620, 300, { defaults: lines({ thresholdsStyle: { mode: 'line' } }, { thresholds: load, max: 1 }), answers: [matrix(nodes, (i, at) => at > 120 && at < 150 && i === 1 ? null : wave(i, at))] }),
  series('Stacked bytes, legend at the right', 760, 300, { defaults: lines({ fillOpacity: 40, stacking: { mode: 'normal', group: 'A' } }, { unit: 'bytes' }), options: { legend: aside, tooltip: multi }, answers: [matrix(['used', 'ARC', 'cache', 'free'], (i, at) => wave(i, at, 24e9 + 4e9 * i))] }),
  series('Stacked to 100 %', 420, 240, { defaults: lines({ fillOpacity: 60, stacking: { mode: 'percent', group: 'A' } }, { unit: 'short' }), answers: [matrix(nodes, (i, at) => 5 + wave(i, at, 20))] }),
  series('In and out', 420, 240, { defaults: lines({}, { unit: 'Bps', min: undefined }), overrides: [{ matcher: { id: 'byRegexp', options: '/out/' }, properties: [{ id: 'custom.transform', value: 'negative-Y' }] }], answers: [matrix(['in', 'out'], (i, at) => wave(i, at, 120e6))] }),
  series('Steps', 420, 240, { defaults: lines({ lineInterpolation: 'stepAfter', lineWidth: 2 }, { unit: 'none' }), answers: [matrix(['pods', 'jobs'], (i, at) => Math.round(wave(i, Math.floor(at / 30) * 9, 12)))] }),
  series('Bars, stacked', 420, 240, { defaults: lines({ drawStyle: 'bars', fillOpacity: 70, stacking: { mode: 'normal' } }, { unit: 'reqps' }), answers: [matrix(['200', '404', '500'], (i, at) => Math.max(0, wave(i, at * 9, 80 - i * 30)), { points: 48, step: 300 })] }),
  series('Points and smooth lines, log scale', 420, 240, { defaults: lines({ lineInterpolation: 'smooth', showPoints: 'always', scaleDistribution: { type: 'log', log: 10 }, fillOpacity: 0 }, { unit: 's', min: undefined }), answers: [matrix(['p50', 'p99'], (i, at) => 10 ** (-3 + i * 2 + Math.sin(at / 4)), { points: 36, step: 600 })] }),
  series('Two units, axis labels', 620, 260, { defaults: lines({ axisLabel: 'Load' }, { unit: 'percentunit' }), overrides: [{ matcher: { id: 'byName', options: 'temperature' }, properties: [{ id: 'unit', value: 'celsius' }, { id: 'custom.axisLabel', value: 'Temperature' }, { id: 'custom.lineStyle', value: { fill: 'dash' } }] }], answers: [matrix(['load', 'temperature'], (i, at) => i ? 40 + wave(i, at, 20) : wave(i, at))] }),
  series('Colour by value, areas of thresholds', 420, 260, { defaults: lines({ gradientMode: 'scheme', fillOpacity: 20, lineWidth: 2, thresholdsStyle: { mode: 'dashed+area' } }, { color: { mode: 'thresholds' }, thresholds: load, max: 1 }), answers: [matrix(['disk'], (i, at) => at / 360)] }),
  series('Gradient fill, two days', 420, 260, { defaults: lines({ gradientMode: 'opacity', fillOpacity: 50, lineWidth: 2 }, { unit: 'watt' }), answers: [matrix(['power'], (i, at) => 180 + wave(i, at, 120), { points: 576, step: 300 })] }),
  series('A month', 420, 240, { defaults: lines(), answers: [matrix(nodes, (i, at) => wave(i, at), { points: 720, step: 3600 })] }),
  series('Five minutes', 420, 240, { defaults: lines(), answers: [matrix(nodes, (i, at) => wave(i, at), { points: 60, step: 5 })] }),
  series('200 series', 620, 340, { defaults: lines({ fillOpacity: 0 }), options: { legend: { ...bottom, displayMode: 'table', calcs: ['lastNotNull', 'max'] }, tooltip: multi }, answers: [matrix(many, (i, at) => wave(i, at) * (i / 200))] }),
  series('20000 points, one spike', 620, 240, { defaults: lines(), answers: [matrix(['spiky'], (i, at) => at === 9000 ? 0.97 : 0.2 + 0.02 * Math.sin(at), { points: 20000, step: 1 })] }),
  series('Hostile names', 620, 280, { defaults: lines(), answers: [matrix(hostile, (i, at) => wave(i, at))] }),
  series('All zero', 300, 200, { defaults: lines({}, { unit: 'ops' }), answers: [matrix(['errors'], () => 0)] }),
  series('Constant', 300, 200, { defaults: lines({}, { unit: 'none', min: undefined }), answers: [matrix(['replicas'], () => 5)] }),
  series('One point', 300, 200, { defaults: lines(), answers: [matrix(['young'], (i, at) => at === 340 ? 0.4 : null)] }),
  series('Tiny', 200, 110, { defaults: lines(), answers: [matrix(nodes, (i, at) => wave(i, at))] }),
  series('Annotations', 420, 220, { defaults: lines(), answers: [matrix(nodes, (i, at) => wave(i, at))], range: { annotations: [{ time: (end - 9000) * 1000, color: 'orange', title: 'Reboot', text: 'pve2' }, { time: (end - 5000) * 1000, timeEnd: (end - 3000) * 1000, color: 'purple', title: 'Backup' }] } }),
  series('Nothing', 300, 200, { range: { reason: 'Prometheus knows no metric node_power_watts in this range.' } }),
  series('Error', 300, 200, { answers: [{ target: { ref: 'A' }, error: '1:8: parse error: unexpected <by> in aggregation, expected "("' }] }),
  series('Half an error', 420, 200, { defaults: lines(), answers: [matrix(nodes, (i, at) => wave(i, at)), { target: { ref: 'B' }, error: 'query timed out in expression evaluation' }] }),
  series('Stale', 420, 200, { defaults: lines(), answers: [matrix(nodes, (i, at) => at > 260 ? null : wave(i, at))], range: { age: 6000, reason: 'Target down: 127.0.0.1:9100 of job node' } }),
];

const stat = (title, width, height, spec) => sample('numbers', title, 'stat', width, height, { options: { colorMode: 'background', graphMode: 'none', justifyMode: 'center', reduceOptions: { calcs: ['lastNotNull'] }, ...spec.options }, ...spec, ...{ options: { colorMode: 'background', graphMode: 'none', justifyMode: 'center', reduceOptions: { calcs: ['lastNotNull'] }, ...spec.options } } });
const one = (value, defaults = {}) => ({ defaults: { unit: 'none', thresholds: green, color: { mode: 'thresholds' }, ...defaults }, answers: [vector([['', value]])] });
const gauge = (title, width, height, spec) => sample('numbers', title, 'gauge', width, height, { ...spec, options: { showThresholdMarkers: true, reduceOptions: { calcs: ['lastNotNull'] }, ...spec.options } });
const bars = (title, width, height, spec) => sample('numbers', title, 'bargauge', width, height, { ...spec, options: { displayMode: 'gradient', orientation: 'horizontal', showUnfilled: true, reduceOptions: { calcs: ['lastNotNull'] }, ...spec.options } });
const share = { unit: 'percentunit', min: 0, max: 1, decimals: 1, thresholds: load, color: { mode: 'thresholds' } };
const guests = [['web-01', 0.93], ['database-primary', 0.71], ['build-runner-with-a-long-name-17', 0.44], ['cache', 0.12], ['idle', 0]];

const numberSamples = () => [
  stat('Nodes up', 150, 100, one(3)), stat('Quorum', 150, 100, one(1, { mappings: upDown })), stat('Guests down', 150, 100, one(2, { thresholds: { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'red', value: 1 }] } })),
  stat('Warnings', 150, 100, one(7, { thresholds: { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'orange', value: 1 }] } })), stat('Uptime', 150, 100, one(4123456, { unit: 's', thresholds: { mode: 'absolute', steps: [{ color: 'blue', value: null }] } })),
  stat('No word', 150, 100, one(0, { thresholds: { mode: 'absolute', steps: [{ color: 'text', value: null }] } })), stat('Unknown', 150, 100, { defaults: { mappings: [{ type: 'special', options: { match: 'null', result: { text: 'Unknown', color: 'text' } } }], thresholds: green } }),
  stat('Value, sparkline', 260, 150, { defaults: share, options: { colorMode: 'value', graphMode: 'area' }, answers: [matrix(['pve1'], (i, at) => wave(i, at))] }),
  stat('Background, sparkline', 260, 150, { defaults: { ...share, unit: 'bytes', min: undefined, max: undefined, decimals: null }, options: { graphMode: 'area' }, answers: [matrix(['pve1'], (i, at) => wave(i, at, 3e9))] }),
  stat('Several', 520, 150, { defaults: share, options: { graphMode: 'area', colorMode: 'value' }, answers: [matrix(nodes, (i, at) => wave(i, at))] }),
  stat('Twelve', 420, 200, { defaults: { ...share, thresholds: load }, answers: [vector(Array.from({ length: 12 }, (_, at) => [`pve${at + 1}`, at / 12]))] }),
  stat('Names', 200, 90, { defaults: share, options: { textMode: 'name' }, answers: [vector([['9.0.3', 1]])] }), stat('Change', 200, 120, { defaults: share, options: { showPercentChange: true, colorMode: 'value' }, answers: [matrix(['a'], (i, at) => 0.2 + at / 1000)] }),
  stat('No word for a name', 200, 100, { defaults: { noValue: 'Not managed' }, options: { textMode: 'name' } }),
  stat('Hostile', 300, 120, { defaults: share, answers: [vector(hostile.slice(0, 3).map((name, at) => [name, at / 3]))] }), stat('Error', 200, 100, { answers: [{ target: { ref: 'A' }, error: 'bad_data: unknown function "foo"' }] }),
  gauge('Gauge', 220, 180, { defaults: { ...share, decimals: 0 }, answers: [vector([['', 0.84]])] }), gauge('Gauges, labels', 520, 200, { defaults: { ...share, decimals: 0 }, options: { showThresholdLabels: true }, answers: [vector(guests.slice(0, 3))] }),
  gauge('Ramp', 220, 160, { defaults: { unit: 'celsius', min: 20, max: 90, color: { mode: 'continuous-BlYlRd' }, thresholds: green }, answers: [vector([['', 71.4]])] }), gauge('Small', 110, 90, { defaults: share, answers: [vector([['', 0.5]])] }),
  bars('Bar gauge', 420, 200, { defaults: share, answers: [vector(guests)] }), bars('Lamps', 420, 200, { defaults: share, options: { displayMode: 'lcd' }, answers: [vector(guests)] }), bars('Plain', 260, 230, { defaults: { ...share, unit: 'Bps', max: undefined, decimals: null, thresholds: { mode: 'absolute', steps: [{ color: 'blue', value: null }] } }, options: { displayMode: 'basic' }, answers: [vector(guests.map(([name, value]) => [name, value * 2e8]))] }),
  bars('Standing', 420, 220, { defaults: share, options: { orientation: 'vertical' }, answers: [vector(guests)] }), bars('Standing lamps', 300, 220, { defaults: share, options: { orientation: 'vertical', displayMode: 'lcd' }, answers: [vector(guests)] }),
  bars('Two in a high one', 420, 300, { defaults: share, answers: [vector(guests.slice(0, 2))] }), bars('Forty', 420, 240, { defaults: share, answers: [vector(Array.from({ length: 40 }, (_, at) => [`disk ${at}`, at / 40]))] }),
];

const frame = (fields, length) => ({ frame: { fields: fields.map((field) => ({ labels: {}, config: {}, ...field })), length, problems: [], truncated: false } });
const tableFrame = (rows) => {
  const at = Array.from({ length: rows }, (_, index) => index);
  return frame([
    { name: 'Guest', type: 'string', values: at.map((index) => index < hostile.length - 1 ? hostile[index] : `guest-${index}`), config: { links: [{ title: 'VM Detail', url: '/d/x?var-vm=${__data.fields.Guest}', newTab: false }] } },
    { name: 'State', type: 'number', values: at.map((index) => index % 5 === 3 ? 0 : 1), config: { mappings: upDown, thresholds: green, custom: { cellOptions: { type: 'color-background', mode: 'basic' }, width: 80 } } },
    { name: 'Agent', type: 'number', values: at.map((index) => index % 3 ? 1 : 0), config: { mappings: [{ type: 'value', options: { 0: { text: 'Silent', color: 'orange' }, 1: { text: 'Answers', color: 'green' } } }], custom: { cellOptions: { type: 'color-text' } } } },
    { name: 'CPU', type: 'number', values: at.map((index) => (index * 37 % 100) / 100), config: { ...share, decimals: 0, custom: { cellOptions: { type: 'gauge', mode: 'basic' } } } },
    { name: 'Memory', type: 'number', values: at.map((index) => index === 2 ? null : (index * 53 % 97) * 1e8), config: { unit: 'bytes' } },
    { name: 'Uptime', type: 'number', values: at.map((index) => index * 8000 + 20), config: { unit: 's', decimals: 1 } },
    { name: 'Tags', type: 'string', values: at.map((index) => ['prod;web', 'test', ''][index % 3]), config: { custom: { filterable: true } } },
  ], rows);
};
const barFrame = frame([{ name: 'Guest', type: 'string', values: ['web', 'database', 'cache', 'build', 'mail'] }, { name: 'p95', type: 'number', values: [0.9, 0.7, 0.2, 0.95, 0.1], config: share }, { name: 'mean', type: 'number', values: [0.5, 0.4, 0.1, 0.6, 0.05], config: share }], 5);
for (const [at, field] of barFrame.frame.fields.entries()) if (at > 0) field.config = { ...field.config, color: { mode: 'palette-classic' } };
const longBars = frame([{ name: 'Guest', type: 'string', values: guests.map(([name]) => `${name} on node pve1`) }, { name: 'Disk', type: 'number', values: guests.map(([, value]) => value * 1e12), config: { unit: 'decbytes', color: { mode: 'palette-classic' } } }], 5);

const les = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '+Inf'];
const buckets = (i, at) => 100 * (1 / (1 + Math.exp(-(i - 4 - 2 * Math.sin(at / 40)))));
const text = `# Runbook\nA *calm* **board** with \`code\`, a [link](https://example.org/) and [a bad one](javascript:alert(1)).\n\n- first\n- second\n  - inner\n\n1. one\n2. two\n\n> quoted <b>not bold</b>\n\n| Node | State |\n| --- | --- |\n| pve1 | up |\n\n\`\`\`\nsystemctl status pveproxy\n\`\`\`\n---\nhttps://example.org/plain <script>alert(1)</script>`;
const log = (at) => [`${end - at * 30}000000000`, ['pveproxy[1123]: worker exit', 'kernel: EXT4-fs error (device dm-0): ext4_lookup: deleted inode referenced: 1312', '<b>bold?</b> level=info msg="started"', 'x'.repeat(400)][at % 4]];

const otherSamples = () => [
  sample('tables', 'Table', 'table', 900, 300, { range: tableFrame(12), options: { sortBy: [{ displayName: 'CPU', desc: true }] } }),
  sample('tables', 'Ten thousand rows', 'table', 620, 300, { range: tableFrame(10000), options: { footer: { show: true, reducer: ['sum'] } } }),
  sample('tables', 'Narrow table', 'table', 340, 240, { range: tableFrame(8) }), sample('tables', 'Empty table', 'table', 300, 140, { defaults: { noValue: 'No alert fires' }, range: frame([], 0) }),
  sample('tables', 'Bar chart', 'barchart', 520, 260, { range: barFrame, options: { legend: bottom, tooltip: multi } }), sample('tables', 'Bar chart, long names', 'barchart', 420, 260, { range: longBars, options: { legend: { ...bottom, showLegend: false }, tooltip: multi } }),
  sample('tables', 'Bar chart, stacked', 'barchart', 300, 240, { range: barFrame, options: { legend: bottom, stacking: 'normal' } }),
  sample('tables', 'Text', 'text', 420, 440, { options: { mode: 'markdown', content: text } }), sample('tables', 'HTML', 'text', 300, 200, { options: { mode: 'html', content: '<h2>Title</h2><p onclick="alert(1)">Text <b>bold</b> <a href="javascript:alert(1)">bad</a> <a href="/d/x">good</a><img src=x onerror=alert(1)></p><script>alert(1)</script>' } }),
  sample('tables', 'Logs', 'logs', 620, 240, { answers: [{ target: { ref: 'A', step: 60 }, body: { status: 'success', data: { resultType: 'streams', result: [{ stream: { host: 'pve1', level: 'error' }, values: Array.from({ length: 20 }, (_, at) => log(at)) }, { stream: { host: 'pve2', level: 'info' }, values: Array.from({ length: 5 }, (_, at) => log(at + 1)) }] } } }] }),
  sample('tables', 'Piechart', 'piechart', 300, 160, {}),
];

const statusValue = (i, at) => at > 200 && at < 215 + i * 20 && i % 2 ? 0 : at < 60 && i === 3 ? null : 1;
const timelineSamples = () => [
  sample('timelines', 'Guests up', 'state-timeline', 760, 240, { defaults: { mappings: upDown, thresholds: load, color: { mode: 'thresholds' }, custom: { fillOpacity: 75 } }, options: { showValue: 'auto', rowHeight: 0.85, legend: bottom, mergeValues: true }, answers: [matrix(['web-01', 'database-primary', 'cache', 'build-runner-with-a-long-name-17', 'mail'], statusValue)] }),
  sample('timelines', 'Thresholds', 'state-timeline', 420, 200, { defaults: { unit: 'percentunit', thresholds: load, color: { mode: 'thresholds' }, custom: { fillOpacity: 75 } }, options: { showValue: 'never', rowHeight: 0.85, legend: bottom }, answers: [matrix(nodes, (i, at) => 0.2 + wave(i, at))] }),
  sample('timelines', 'Eighty rows', 'state-timeline', 420, 260, { defaults: { mappings: upDown, color: { mode: 'thresholds' }, thresholds: load }, options: { legend: bottom }, answers: [matrix(many.slice(0, 80), statusValue)] }),
  sample('timelines', 'Status history', 'status-history', 520, 200, { defaults: { mappings: upDown, color: { mode: 'thresholds' }, thresholds: load }, options: { legend: bottom, showValue: 'never' }, answers: [matrix(nodes, (i, at) => (at + i) % 9 ? 1 : 0, { points: 36, step: 600 })] }),
  sample('timelines', 'One row', 'state-timeline', 420, 160, { defaults: { mappings: upDown, color: { mode: 'thresholds' }, thresholds: load }, options: { legend: bottom }, answers: [matrix(['pve1'], statusValue)] }),
  sample('timelines', 'Histogram', 'heatmap', 620, 300, { options: { yAxis: { unit: 's' }, color: { scheme: 'Oranges' } }, answers: [matrix(les, buckets, { label: 'le', format: 'heatmap' })] }),
  sample('timelines', 'Histogram, Spectral', 'heatmap', 420, 240, { options: { yAxis: { unit: 's' }, color: { scheme: 'Spectral' }, cellGap: 2 }, answers: [matrix(les, buckets, { label: 'le', format: 'heatmap', points: 40, step: 600 })] }),
  sample('timelines', 'Counted', 'heatmap', 520, 260, { defaults: { unit: 'percentunit' }, options: { calculate: true, color: { scheme: 'Blues' } }, answers: [matrix(many.slice(0, 60), (i, at) => wave(i, at))] }),
  sample('timelines', 'Plain rows', 'heatmap', 420, 200, { options: { color: { scheme: 'Greens' } }, answers: [matrix(nodes, (i, at) => wave(i, at))] }),
];

export const samples = () => [...seriesSamples(), ...numberSamples(), ...otherSamples(), ...timelineSamples()];
