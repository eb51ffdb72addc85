import type { EChartsCoreOption } from 'echarts/core';
import type { ExperimentRun } from '../../../api/types.ts';
import type { Palette } from '../../../ui/charts.ts';
import { significant } from '../../../ui/format.ts';
import { keyOf, kindOf } from '../runs-table/columns.ts';

/** The value of a column as a number where it reads as one. */
export function cellOf(run: ExperimentRun, column: string): number | string | null {
  const kind = kindOf(column);
  const value = kind === 'metrics' ? run.metrics[keyOf(column)] : run.params[keyOf(column)];
  if (value === undefined || value === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : String(value);
}

const holders = (runs: ExperimentRun[], column: string) =>
  runs.filter((run) => cellOf(run, column) !== null).length;

/** The first with the most runs that have it. */
const byHolders = (runs: ExperimentRun[], columns: string[]) =>
  columns.toSorted((a, b) => holders(runs, b) - holders(runs, a));

/** Columns whose values differ between the runs; those that most runs have come first. */
export function relatedColumns(runs: ExperimentRun[]): { params: string[]; metrics: string[] } {
  const keys = (pick: (run: ExperimentRun) => Record<string, unknown>, kind: string) =>
    [...new Set(runs.flatMap((run) => Object.keys(pick(run))))]
      .map((key) => `${kind}.${key}`)
      .filter((column) => new Set(runs.map((run) => cellOf(run, column))).size > 1);
  return {
    params: byHolders(
      runs,
      keys((run) => run.params, 'params'),
    ),
    metrics: byHolders(
      runs,
      keys((run) => run.metrics, 'metrics').filter((column) => !column.startsWith('metrics.system/')),
    ),
  };
}

const MOST_AXES = 6;

/**
 * The axes to begin with: params that the runs with this metric share, so that their lines are whole; other metrics
 * where they share none.
 */
export function axesFor(
  runs: ExperimentRun[],
  params: string[],
  metrics: string[],
  metric: string,
): string[] {
  const axes = shared(runs, params, metric);
  return axes.length > 0
    ? axes
    : shared(
        runs,
        metrics.filter((one) => one !== metric),
        metric,
      );
}

function shared(runs: ExperimentRun[], columns: string[], metric: string): string[] {
  const found = runs.filter((run) => cellOf(run, metric) !== null);
  const ranked = byHolders(found, columns).filter((column) => holders(found, column) > 0);
  const most = ranked[0] === undefined ? 0 : holders(found, ranked[0]);
  return ranked.filter((column) => holders(found, column) * 2 > most).slice(0, MOST_AXES);
}

type Axis = { type: 'value' | 'category'; data?: string[] };

function axisOf(runs: ExperimentRun[], column: string): Axis {
  const values = runs.map((run) => cellOf(run, column)).filter((value) => value !== null);
  if (values.every((value) => typeof value === 'number')) return { type: 'value' };
  return { type: 'category', data: [...new Set(values.map(String))].sort() };
}

const text = (palette: Palette) => ({
  color: palette.dim,
  fontSize: 10,
  fontFamily: 'Inter, system-ui, sans-serif',
});

/** Plain text: names come from clients, and a tooltip would take markup. */
const tooltip = (palette: Palette) => ({
  renderMode: 'richText' as const,
  backgroundColor: palette.panel,
  borderColor: palette.line,
  textStyle: { ...text(palette), color: palette.text, fontSize: 11 },
});

/** One line per run through its params and a metric, which also gives the colour. */
export function parallelOption(
  runs: ExperimentRun[],
  columns: string[],
  metric: string,
  palette: Palette,
): EChartsCoreOption {
  const all = [...columns, metric];
  const found = runs.filter((run) => typeof cellOf(run, metric) === 'number');
  const numbers = found.map((run) => cellOf(run, metric) as number);
  return {
    animation: false,
    textStyle: text(palette),
    tooltip: tooltip(palette),
    parallel: { left: 40, right: 90, top: 40, bottom: 24 },
    parallelAxis: all.map((column, dim) => ({
      dim,
      name: keyOf(column),
      nameTextStyle: { ...text(palette), width: 110, overflow: 'truncate' },
      ...axisOf(found, column),
      scale: true,
      axisLine: { lineStyle: { color: palette.line } },
      axisTick: { lineStyle: { color: palette.line } },
      axisLabel: {
        ...text(palette),
        width: 90,
        overflow: 'truncate',
        textBorderColor: palette.panel,
        textBorderWidth: 4,
      },
    })),
    visualMap: {
      show: numbers.length > 1,
      dimension: all.length - 1,
      min: Math.min(...numbers),
      max: Math.max(...numbers),
      right: 4,
      top: 'center',
      itemHeight: 120,
      itemWidth: 10,
      precision: 3,
      textStyle: text(palette),
      inRange: { color: [palette.series[1], palette.none, palette.series[0]] },
    },
    series: [
      {
        type: 'parallel',
        // Below the axes, whose labels the lines would strike through.
        z: -1,
        smooth: false,
        lineStyle: { width: found.length > 40 ? 1 : 1.5, opacity: found.length > 40 ? 0.5 : 0.8 },
        emphasis: { lineStyle: { width: 3, opacity: 1 } },
        data: found.map((run) => ({
          name: run.name || run.id,
          value: all.map((column) => cellOf(run, column) ?? '-'),
        })),
      },
    ],
  };
}

/** One point per run: a param or metric against a metric. */
export function scatterOption(
  runs: ExperimentRun[],
  x: string,
  y: string,
  palette: Palette,
): EChartsCoreOption {
  const axis = (column: string, rest: object) => ({
    ...axisOf(runs, column),
    name: keyOf(column),
    nameLocation: 'middle',
    nameTextStyle: text(palette),
    scale: true,
    axisLabel: text(palette),
    axisLine: { lineStyle: { color: palette.line } },
    splitLine: { lineStyle: { color: palette.grid } },
    ...rest,
  });
  return {
    animation: false,
    textStyle: text(palette),
    tooltip: {
      ...tooltip(palette),
      formatter: (point: { name: string; value: (number | string)[] }) =>
        `${point.name}\n${keyOf(x)}: ${shown(point.value[0])}\n${keyOf(y)}: ${shown(point.value[1])}`,
    },
    grid: { left: 64, right: 16, top: 12, bottom: 44 },
    xAxis: axis(x, { nameGap: 26 }),
    yAxis: axis(y, { nameGap: 46 }),
    series: [
      {
        type: 'scatter',
        symbolSize: 9,
        itemStyle: { color: palette.series[0], opacity: 0.75 },
        data: runs.flatMap((run) => {
          const value = [cellOf(run, x), cellOf(run, y)];
          return value.includes(null) ? [] : [{ name: run.name || run.id, value }];
        }),
      },
    ],
  };
}

/** The spread of a metric for each value of a param: least, quartiles, median, greatest. */
export function boxOption(
  runs: ExperimentRun[],
  by: string,
  metric: string,
  palette: Palette,
): EChartsCoreOption {
  const groups = new Map<string, number[]>();
  for (const run of runs) {
    const value = cellOf(run, metric);
    if (typeof value !== 'number') continue;
    const group = String(cellOf(run, by) ?? 'not logged');
    groups.set(group, [...(groups.get(group) ?? []), value]);
  }
  const names = [...groups.keys()].sort((left, right) => left.localeCompare(right, 'en', { numeric: true }));
  return {
    animation: false,
    textStyle: text(palette),
    tooltip: {
      ...tooltip(palette),
      formatter: (box: { name: string; value: number[] }) =>
        `${keyOf(by)} ${box.name}, n = ${groups.get(box.name)?.length ?? 0}\n${box.value.slice(-5).map(shown).join('  ')}`,
    },
    grid: { left: 64, right: 16, top: 12, bottom: 44 },
    xAxis: {
      type: 'category',
      data: names,
      name: keyOf(by),
      nameLocation: 'middle',
      nameGap: 26,
      axisLabel: text(palette),
    },
    yAxis: {
      type: 'value',
      scale: true,
      name: keyOf(metric),
      nameLocation: 'middle',
      nameGap: 46,
      axisLabel: text(palette),
      splitLine: { lineStyle: { color: palette.grid } },
    },
    series: [
      {
        type: 'boxplot',
        itemStyle: { color: 'transparent', borderColor: palette.series[0] },
        data: names.map((name) => quartiles(groups.get(name) ?? [])),
      },
    ],
  };
}

/** Least, lower quartile, median, upper quartile, greatest; quartiles interpolate between neighbours. */
export function quartiles(values: number[]): [number, number, number, number, number] {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (share: number) => {
    const place = (sorted.length - 1) * share;
    const low = sorted[Math.floor(place)] ?? 0;
    const high = sorted[Math.ceil(place)] ?? low;
    return low + (high - low) * (place - Math.floor(place));
  };
  return [at(0), at(0.25), at(0.5), at(0.75), at(1)];
}

function shown(value: number | string | undefined): string {
  return typeof value === 'number' ? significant(value, 4) : String(value ?? '');
}
