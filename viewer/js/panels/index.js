// Which function draws which type of panel.

import { drawBarChart } from './barchart.js';
import { makeRoot } from './base.js';
import { drawBarGauge } from './bargauge.js';
import { drawGauge } from './gauge.js';
import { drawHeatmap } from './heatmap.js';
import { drawLogs } from './logs.js';
import { drawStat } from './stat.js';
import { drawTimeline } from './state-timeline.js';
import { drawTable } from './table.js';
import { drawText } from './text.js';
import { drawTimeSeries } from './timeseries.js';
import { drawUnsupported } from './unsupported.js';

const types = {
  barchart: drawBarChart, bargauge: drawBarGauge, gauge: drawGauge, heatmap: drawHeatmap, logs: drawLogs, stat: drawStat, 'state-timeline': drawTimeline, 'status-history': drawTimeline,
  table: drawTable, text: drawText, timeseries: drawTimeSeries,
};

/** `create(panel, element, context)` of a panel's type; a panel that the server does not know how to read is not drawn either. */
export const panelFor = (type) => ({
  create(panel, element, context) {
    const isDrawn = panel.supported !== false && Object.hasOwn(types, type);
    const root = makeRoot(panel, element, context, isDrawn ? type : 'unsupported');
    const drawn = (isDrawn ? types[type] : drawUnsupported)(root);
    return {
      update(data) {
        root.applyTheme();
        root.data = data;
        drawn.update?.(data);
      },
      resize(width, height) {
        root.width = width;
        root.height = height;
        if (root.data) drawn.layout?.();
      },
      crosshair(time, withTooltip = false) {
        drawn.crosshair?.(time, withTooltip);
      },
      destroy() {
        root.tooltip.hide(true);
        drawn.destroy?.();
        root.frame.remove();
      },
    };
  },
});
