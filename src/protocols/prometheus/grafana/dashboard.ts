import { type PanelSpec, rows } from './panels.ts';

const datasource = { type: 'prometheus', uid: '${datasource}' };
const heights = { stat: 4, timeseries: 8, heatmap: 9 } as const;
const width = 24;

/** The dashboard as Grafana imports it: data source and deployments are chosen in it. */
export function grafanaDashboard(): Record<string, unknown> {
  const panels: Record<string, unknown>[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y, w: width, h: 1 },
      panels: [],
    });
    y++;
    let x = 0;
    let height = 0;
    for (const spec of row.panels) {
      if (x + spec.width > width) {
        x = 0;
        y += height;
        height = 0;
      }
      const gridPos = { x, y, w: spec.width, h: heights[spec.kind] };
      panels.push({ id: panels.length + 1, gridPos, ...panelOf(spec) });
      x += spec.width;
      height = Math.max(height, heights[spec.kind]);
    }
    y += height;
  }
  return {
    uid: 'houston-serving',
    title: 'Houston: serving',
    description: 'Requests, latency, rollouts, models and the server. Metrics of GET /metrics.',
    tags: ['houston'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: '30s',
    timezone: 'utc',
    time: { from: 'now-1h', to: 'now' },
    graphTooltip: 1,
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        {
          name: 'deployment',
          label: 'Deployment',
          type: 'query',
          datasource,
          query: {
            query: 'label_values(houston_inference_rejected_total, deployment)',
            refId: 'deployments',
          },
          refresh: 2,
          sort: 1,
          multi: true,
          includeAll: true,
          allValue: '.*',
          current: { text: 'All', value: '$__all' },
        },
      ],
    },
    panels,
  };
}

function panelOf({ kind, title, text, unit, queries }: PanelSpec): Record<string, unknown> {
  return {
    type: kind,
    title,
    description: text,
    datasource,
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource,
      expr,
      legendFormat: legend,
      ...(kind === 'heatmap' && { format: 'heatmap' }),
      ...(kind === 'stat' && { instant: false }),
    })),
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: optionsOf[kind],
  };
}

const optionsOf = {
  stat: { colorMode: 'none', graphMode: 'area', reduceOptions: { calcs: ['lastNotNull'] } },
  timeseries: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  heatmap: {
    calculate: false,
    color: { mode: 'scheme', scheme: 'Blues', scale: 'exponential', exponent: 0.4, steps: 64 },
    yAxis: { unit: 's', axisPlacement: 'left' },
    cellGap: 1,
    tooltip: { mode: 'single', yHistogram: true },
  },
} as const;
