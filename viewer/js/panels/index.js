// Which module draws which type of panel.

import * as barchart from './barchart.js';
import * as bargauge from './bargauge.js';
import * as gauge from './gauge.js';
import * as heatmap from './heatmap.js';
import * as logs from './logs.js';
import * as stat from './stat.js';
import * as timeline from './state-timeline.js';
import * as table from './table.js';
import * as text from './text.js';
import * as timeseries from './timeseries.js';
import * as unsupported from './unsupported.js';

const types = { barchart, bargauge, gauge, graph: timeseries, heatmap, logs, stat, 'state-timeline': timeline, 'status-history': timeline, table, text, timeseries };

/** The module of a panel's type; every one has `create(panel, element, context)`. */
export const panelFor = (type) => (Object.hasOwn(types, type) ? types[type] : unsupported);
