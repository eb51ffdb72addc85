import type { BareRun, RunParts } from '../../domains/experiments/index.ts';
import { TAG, wireDatasetInput, wireRunInfo } from './wire.ts';

/**
 * The JSON of a page of runs, the same as of `wireRun` for each. It is put together from texts, for a page carries
 * thousands of small values and an object for each would cost more than all else.
 */
export function runsText(runs: readonly BareRun[], parts: RunParts): string {
  const metrics = new Lists(runs.length);
  for (const [at, key, value, special, step, time] of parts.metrics) {
    const number = special === 0 ? value : specials[special];
    metrics.add(at, `{"key":${quoted(key)},"value":${number},"timestamp":${time},"step":${step}}`);
  }
  const params = new Lists(runs.length);
  for (const [at, key, value] of parts.params) params.add(at, pairText(key, value));
  const tags = new Lists(runs.length);
  const isNamed = new Uint8Array(runs.length);
  const hasParent = new Uint8Array(runs.length);
  for (const [at, key, value] of parts.tags) {
    if (key === TAG.runName) isNamed[at] = 1;
    if (key === TAG.parentRun) hasParent[at] = 1;
    tags.add(at, pairText(key, value));
  }
  runs.forEach(({ name, parent }, at) => {
    if (!isNamed[at]) tags.add(at, pairText(TAG.runName, name));
    if (!hasParent[at] && parent !== null) tags.add(at, pairText(TAG.parentRun, parent));
  });
  const datasets = new Lists(runs.length);
  for (const { at, input } of parts.datasets) datasets.add(at, JSON.stringify(wireDatasetInput(input)));
  const inputs = new Lists(runs.length);
  const outputs = new Lists(runs.length);
  for (const { at, link } of parts.models) {
    const { modelId: model_id, direction, step } = link;
    if (direction === 'input') inputs.add(at, JSON.stringify({ model_id }));
    else outputs.add(at, JSON.stringify({ model_id, step }));
  }
  const texts = runs.map(
    (run, at) =>
      `{"info":${JSON.stringify(wireRunInfo(run))},"data":{"metrics":[${metrics.of(at)}],"params":[${params.of(at)}],` +
      `"tags":[${tags.of(at)}]},"inputs":{"dataset_inputs":[${datasets.of(at)}],"model_inputs":[${inputs.of(at)}]},` +
      `"outputs":{"model_outputs":[${outputs.of(at)}]}}`,
  );
  return `[${texts.join(',')}]`;
}

/** How NaN and the infinities travel, by the marks of stored numbers. */
const specials: Readonly<Record<number, string>> = { 1: '"NaN"', 2: '"Infinity"', 3: '"-Infinity"' };

const pairText = (key: string, value: string) => `{"key":${quoted(key)},"value":${JSON.stringify(value)}}`;

const known = new Map<string, string>();

/** JSON of a key; the same few come again and again. */
function quoted(key: string): string {
  let text = known.get(key);
  if (text === undefined) {
    text = JSON.stringify(key);
    if (known.size === 2000) known.clear();
    known.set(key, text);
  }
  return text;
}

/** Items of many lists, as text with commas. */
class Lists {
  readonly #texts: string[];

  constructor(size: number) {
    this.#texts = new Array<string>(size).fill('');
  }

  add(at: number, item: string): void {
    this.#texts[at] = this.#texts[at] === '' ? item : `${this.#texts[at]},${item}`;
  }

  of(at: number): string {
    return this.#texts[at]!;
  }
}
