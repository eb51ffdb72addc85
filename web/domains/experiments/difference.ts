import type { ExperimentRunDetail, MetricValue } from '../../api/types.ts';

export type Kind = 'metric' | 'param' | 'made from' | 'tag';
/** One thing that can differ: its value in every run, in the order of the runs. */
export type Line = { kind: Kind; key: string; values: (MetricValue | undefined)[]; differs: boolean };
export type FeatureDifference = { all: string[]; has: boolean[][]; differs: boolean };

/** Tags that name the run itself and so always differ, or are shown elsewhere; clients' own start with `mlflow.`. */
const own = ['features', 'pipeline.run', 'pipeline.step'];

/** Metrics, params, inputs and tags of the runs side by side; what differs stands first within its kind. */
export function differences(runs: ExperimentRunDetail[]): Line[] {
  const inputs = runs.map((run) =>
    Object.fromEntries(
      run.inputs.filter((input) => input.role !== 'pipeline').map((input) => [input.role, input.subject]),
    ),
  );
  const tags = runs.map((run) =>
    Object.fromEntries(
      Object.entries(run.tags).filter(([key]) => !own.includes(key) && !key.startsWith('mlflow.')),
    ),
  );
  return [
    ...lines(
      'metric',
      runs.map((run) => run.metrics),
    ),
    ...lines(
      'param',
      runs.map((run) => run.params),
    ),
    ...lines('made from', inputs),
    ...lines('tag', tags),
  ];
}

function lines(kind: Kind, sides: Record<string, MetricValue | string>[]): Line[] {
  const keys = [...new Set(sides.flatMap((side) => Object.keys(side)))];
  const found = keys.map((key): Line => {
    const values = sides.map((side) => side[key] as MetricValue | undefined);
    return { kind, key, values, differs: new Set(values).size > 1 };
  });
  const rank = (line: Line) => (line.differs ? 0 : 2) + (line.key.startsWith('train.') ? 1 : 0);
  return found.sort((left, right) => rank(left) - rank(right));
}

/** Which run used which feature, from the tag that training leaves. */
export function featureDifference(runs: ExperimentRunDetail[]): FeatureDifference {
  const sides = runs.map((run) => new Set((run.tags.features ?? '').split(',').filter(Boolean)));
  const all = [...new Set(sides.flatMap((side) => [...side]))];
  const has = all.map((feature) => sides.map((side) => side.has(feature)));
  return { all, has, differs: has.some((row) => row.includes(false)) };
}

/** "11 of 11 metrics and 0 of 9 params differ". */
export function summary(found: Line[], features: FeatureDifference): string {
  const part = (kind: Kind, noun: string) => {
    const of = found.filter((line) => line.kind === kind);
    return of.length === 0 ? null : `${of.filter((line) => line.differs).length} of ${of.length} ${noun}`;
  };
  const parts = [part('metric', 'metrics'), part('param', 'params'), part('made from', 'inputs')].filter(
    Boolean,
  );
  const tail =
    features.all.length === 0
      ? ''
      : features.differs
        ? '; the features differ'
        : `; the same ${features.all.length} features`;
  return `${parts.join(', ')} differ${tail}`;
}
