import { describe, expect, it } from 'vitest';
import type { ExperimentRun } from '../../../api/types.ts';
import { axesFor, relatedColumns } from './relations.ts';

const run = (params: Record<string, string>, metrics: Record<string, number>) =>
  ({ id: JSON.stringify(params), name: '', params, metrics }) as ExperimentRun;

describe('what a chart of relations begins with', () => {
  const runs = [
    run({ depth: '2' }, { rare: 1 }),
    run({ c: '1', solver: 'a' }, { score: 0.5 }),
    run({ c: '2', solver: 'b' }, { score: 0.7 }),
    run({ c: '3', solver: 'b' }, { score: 0.6, rare: 2 }),
  ];

  it('is what most runs have', () => {
    expect(relatedColumns(runs)).toEqual({
      params: ['params.c', 'params.solver', 'params.depth'],
      metrics: ['metrics.score', 'metrics.rare'],
    });
  });

  it('is shared by the runs with the metric', () => {
    const { params, metrics } = relatedColumns(runs);
    expect(axesFor(runs, params, metrics, 'metrics.score')).toEqual(['params.c', 'params.solver']);
    expect(axesFor(runs, params, metrics, 'metrics.rare')).toEqual([
      'params.c',
      'params.solver',
      'params.depth',
    ]);
    expect(axesFor(runs, params, metrics, 'metrics.none')).toEqual([]);
    expect(axesFor(runs, [], metrics, 'metrics.score')).toEqual(['metrics.rare']);
  });
});
