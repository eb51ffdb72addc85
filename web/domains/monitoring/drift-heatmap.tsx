import { useMemo } from 'react';
import type { DriftResult, MonitorReference, MonitorWindow } from '../../api/types.ts';
import { count, metric, percent, pValue, significant } from '../../ui/format.ts';
import { type HeatCell, Heatmap } from '../../ui/heatmap.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useSetTimeRange } from '../../ui/time-range.tsx';
import { useUrlPatch } from '../../ui/url-state.ts';

const SCORE = 'score';

/** Feature × time on one scale; a click opens the comparison with the reference. */
export function DriftHeatmap({
  windows,
  reference,
}: {
  windows: MonitorWindow[];
  reference: MonitorReference | undefined;
}) {
  const [, patch] = useUrlPatch();
  const setRange = useSetTimeRange();
  const shown = useMemo(() => windows.slice(-400), [windows]);
  const found = useMemo(
    () =>
      shown.map(
        (window) =>
          new Map<string, DriftResult>([
            ...window.drift.map((one) => [one.feature, one] as const),
            ...(window.prediction ? [[SCORE, window.prediction] as const] : []),
          ]),
      ),
    [shown],
  );
  const rows = useMemo(() => rowsOf(found, reference?.importance ?? null), [found, reference]);
  return (
    <Panel
      title="Drift"
      note={`PSI and shift on frozen bins over their learned limits; ${
        reference?.importance ? 'rows by importance × drift' : 'rows by their worst drift'
      }; a dot: beyond the limit and significant; click to compare, drag for a range`}
      data={{ name: 'drift', rows: exported(shown) }}
    >
      <Heatmap
        caption="Drift of every feature by window"
        rows={rows}
        times={shown.map((window) => Date.parse(window.start))}
        cell={(row, column) => cellOf(shown[column], found[column]?.get(row))}
        onOpen={(row, column) => patch({ feature: row, window: shown[column]?.start })}
        onRange={setRange}
      />
    </Panel>
  );
}

function cellOf(window: MonitorWindow | undefined, one: DriftResult | undefined): HeatCell {
  if (!window || window.rows === 0 || !one) return { ratio: null, state: 'none', text: 'no data' };
  const words = `PSI ${significant(one.effect, 3)}`;
  if (one.ratio === null) {
    return {
      ratio: Number.NaN,
      state: 'insufficient',
      text: `${words}; ${window.verdict === 'learning' ? 'limits are being learned' : 'too few rows to judge'} (n = ${count(one.n)})`,
    };
  }
  const dot = one.ratio >= 1 && one.qValue !== null && one.qValue < 0.05;
  return {
    ratio: one.ratio,
    state: 'ok',
    dot,
    text: `${words}, limit ${significant(one.threshold, 3)}: ${significant(one.ratio, 2)} × the limit; shift ${metric(one.shift, 2)}, q ${pValue(one.qValue)}, missing ${percent(one.missing)}, n = ${count(one.n)}${one.calendar ? '; one value a window: only missing and new values count' : ''}${one.flag ? '; flagged' : ''}`,
  };
}

/** The score first, then features by importance times their worst ratio. */
function rowsOf(found: Map<string, DriftResult>[], importance: Record<string, number> | null) {
  const worst = new Map<string, number>();
  for (const window of found) {
    for (const [feature, one] of window)
      worst.set(feature, Math.max(worst.get(feature) ?? 0, one.ratio ?? 0));
  }
  const most = Math.max(1e-9, ...Object.values(importance ?? {}));
  const weight = (feature: string) =>
    (worst.get(feature) ?? 0) * (importance ? Math.max(0.02, (importance[feature] ?? 0) / most) : 1);
  return [...worst.keys()]
    .sort((left, right) => {
      if (left === SCORE) return -1;
      if (right === SCORE) return 1;
      return weight(right) - weight(left) || left.localeCompare(right);
    })
    .map((feature) => ({ key: feature, label: feature === SCORE ? 'score (prediction)' : feature }));
}

function exported(windows: MonitorWindow[]): Record<string, unknown>[] {
  return windows.flatMap((window) =>
    [...window.drift, ...(window.prediction ? [window.prediction] : [])].map((one) => ({
      window: window.start,
      ...one,
    })),
  );
}
