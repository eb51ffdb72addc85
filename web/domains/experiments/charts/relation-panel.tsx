import { MultiSelect, SegmentedControl, Select } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import type { ExperimentRun } from '../../../api/types.ts';
import { usePalette } from '../../../ui/charts.ts';
import { Skeleton } from '../../../ui/feedback.tsx';
import { Panel } from '../../../ui/panel.tsx';
import { useUrlPatch } from '../../../ui/url-state.ts';
import { keyOf, kindOf, listOf } from '../runs-table/columns.ts';
import { axesFor, boxOption, parallelOption, relatedColumns, scatterOption } from './relations.ts';

const EChart = lazy(() => import('./e-chart.tsx').then((module) => ({ default: module.EChart })));
const HEIGHT = 340;

/** How params and a metric go together over the runs: parallel coordinates, a scatter or boxes. */
export function RelationPanel({ runs }: { runs: ExperimentRun[] }) {
  const palette = usePalette();
  const navigate = useNavigate();
  const [search, patch] = useUrlPatch();
  const related = useMemo(() => relatedColumns(runs), [runs]);
  const all = [...related.params, ...related.metrics];
  const known = (column: string | undefined, columns: string[]) =>
    column && columns.includes(column) ? column : (columns[0] ?? '');
  const metric = known(search.of, related.metrics);
  const by = known(
    search.by,
    all.filter((column) => column !== metric),
  );
  const kind = search.relation ?? 'parallel';
  const axes = search.axes
    ? listOf(search.axes).filter((column) => all.includes(column))
    : axesFor(runs, related.params, related.metrics, metric);
  const axesText = axes.join(',');
  const option = useMemo(() => {
    if (kind === 'scatter') return scatterOption(runs, by, metric, palette);
    if (kind === 'box') return boxOption(runs, by, metric, palette);
    return parallelOption(runs, listOf(axesText), metric, palette);
  }, [kind, runs, by, metric, palette, axesText]);
  if (runs.length < 2 || metric === '' || by === '') return null;
  const choices = (columns: string[]) =>
    columns.map((column) => ({ value: column, label: `${keyOf(column)} (${kindOf(column).slice(0, -1)})` }));
  const pick = (name: string) => {
    const found = runs.find((run) => (run.name || run.id) === name);
    if (found && kind !== 'box') void navigate({ to: `/experiments/runs/${encodeURIComponent(found.id)}` });
  };
  return (
    <Panel
      title="Params against a metric"
      note={`${runs.length} runs${kind === 'box' ? '; least, quartiles, median, greatest' : ''}`}
      actions={
        <SegmentedControl
          aria-label="Kind of chart"
          data={[
            { value: 'parallel', label: 'Parallel' },
            { value: 'scatter', label: 'Scatter' },
            { value: 'box', label: 'Box' },
          ]}
          value={kind}
          onChange={(next) => patch({ relation: next === 'parallel' ? undefined : next })}
        />
      }
    >
      <div className="row wrap" style={{ marginBottom: 8 }}>
        {kind === 'parallel' ? (
          <MultiSelect
            size="xs"
            aria-label="Axes"
            placeholder="Axes"
            searchable
            maxValues={12}
            data={choices(all.filter((column) => column !== metric))}
            value={axes}
            onChange={(next) => patch({ axes: next.join(',') || undefined })}
            style={{ flex: 1, minWidth: 260 }}
          />
        ) : (
          <Select
            aria-label="Horizontal"
            searchable
            data={choices(all.filter((column) => column !== metric))}
            value={by}
            onChange={(next) => patch({ by: next ?? undefined })}
            w={220}
          />
        )}
        <Select
          aria-label="Metric"
          searchable
          data={choices(related.metrics)}
          value={metric}
          onChange={(next) => patch({ of: next ?? undefined })}
          w={220}
        />
      </div>
      <Suspense fallback={<Skeleton height={HEIGHT} />}>
        <EChart
          option={option}
          height={HEIGHT}
          label={`${keyOf(metric)} of ${runs.length} runs`}
          onPick={pick}
        />
      </Suspense>
    </Panel>
  );
}
