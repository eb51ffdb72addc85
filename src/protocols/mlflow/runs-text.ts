import type { BareRun, RunLinks, RunTexts } from '../../domains/experiments/index.ts';
import { TAG, wireDatasetInput, wireRunInfo } from './wire.ts';

type Page = { runs: readonly BareRun[]; texts: readonly RunTexts[]; links: RunLinks };

/**
 * The JSON of a page of runs, the same as of `wireRun` for each. It is put together from texts, for a page carries
 * thousands of small values and an object for each would cost more than all else.
 */
export function runsText({ runs, texts, links }: Page): string {
  const datasets = new Map<number, string>();
  for (const { at, input } of links.datasets) add(datasets, at, JSON.stringify(wireDatasetInput(input)));
  const inputs = new Map<number, string>();
  const outputs = new Map<number, string>();
  for (const { at, link } of links.models) {
    const { modelId: model_id, direction, step } = link;
    if (direction === 'input') add(inputs, at, JSON.stringify({ model_id }));
    else add(outputs, at, JSON.stringify({ model_id, step }));
  }
  const all = runs.map((run, at) => {
    const { metrics, params, tags } = texts[at]!;
    return (
      `{"info":${JSON.stringify(wireRunInfo(run))},"data":{"metrics":${metrics},"params":${params},` +
      `"tags":${withOwnTags(tags, run)}},"inputs":{"dataset_inputs":[${datasets.get(at) ?? ''}],` +
      `"model_inputs":[${inputs.get(at) ?? ''}]},"outputs":{"model_outputs":[${outputs.get(at) ?? ''}]}}`
    );
  });
  return `[${all.join(',')}]`;
}

function add(lists: Map<number, string>, at: number, item: string): void {
  const before = lists.get(at);
  lists.set(at, before === undefined ? item : `${before},${item}`);
}

/** Tags with those that tell a run's name and parent, unless a client has logged others. */
function withOwnTags(tags: string, { name, parent }: BareRun): string {
  const added: string[] = [];
  if (!hasKey(tags, TAG.runName)) added.push(tagText(TAG.runName, name));
  if (parent !== null && !hasKey(tags, TAG.parentRun)) added.push(tagText(TAG.parentRun, parent));
  if (added.length === 0) return tags;
  return `${tags.slice(0, -1)}${tags === '[]' ? '' : ','}${added.join(',')}]`;
}

const tagText = (key: string, value: string) => JSON.stringify({ key, value });

/** Whether a list has an item of this key; in a text inside of it, quotes would stand behind a backslash. */
const hasKey = (list: string, key: string) => list.includes(`{"key":${JSON.stringify(key)},`);
