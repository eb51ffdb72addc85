import type { Pipeline, PipelineRun, PipelineStep } from '../../api/types.ts';
import { brief, toMs } from '../../ui/format.ts';
import type { GraphEdge, GraphNode } from '../../ui/graph.tsx';

type Definition = Pipeline['definition'];

/** "on incident of flights-delay, at 0 3 * * 1". */
export function triggerWords(on: Definition['on'] = {}): string {
  const parts = [
    ...[on.schedule ?? []].flat().map(({ cron }) => `at ${cron}`),
    ...[on.data ?? []].flat().map(({ dataset }) => `new data in ${dataset}`),
    ...[on.incident ?? []].flat().map(({ deployment }) => `incident on ${deployment}`),
  ];
  return parts.join(', ') || 'by hand only';
}

/** Time a run or step took; up to now while it runs. */
export function tookMs(item: { startedAt?: string | null; endedAt?: string | null }): number | null {
  const start = toMs(item.startedAt);
  if (start === null) return null;
  return (toMs(item.endedAt) ?? Date.now()) - start;
}

export function isOver(run: PipelineRun): boolean {
  return !['queued', 'running'].includes(run.state);
}

/** What a step says in its box. */
function stepWords(step: PipelineStep): string {
  if (step.state === 'running' && step.note) return step.note;
  return step.uses;
}

/** The graph of a declared pipeline. */
export function definitionGraph(definition: Definition): { nodes: GraphNode[]; edges: GraphEdge[] } {
  const jobs = Object.entries(definition.jobs);
  return {
    nodes: jobs.map(([key, job]) => ({ id: key, label: key, sub: job.uses ?? brief(job.run ?? '', 40) })),
    edges: jobs.flatMap(([key, job]) => [job.needs ?? []].flat().map((need) => ({ from: need, to: key }))),
  };
}

/** The graph of a run with the state of each step. */
export function runGraph(
  steps: PipelineStep[],
  selected: string | null,
): { nodes: GraphNode[]; edges: GraphEdge[] } {
  return {
    nodes: steps.map((step) => ({
      id: step.key,
      label: step.key,
      sub: stepWords(step),
      state: step.state,
      selected: step.key === selected,
      progress: step.state === 'running' ? step.progress : null,
    })),
    edges: steps.flatMap((step) =>
      step.needs.map((from) => ({ from, to: step.key, animated: step.state === 'running' })),
    ),
  };
}

const triggers: Record<string, string> = {
  schedule: 'the schedule',
  data: 'new data',
  incident: 'an incident',
};

/** Who or what started a run. */
export function startedBy(run: PipelineRun): string {
  return triggers[run.trigger] ?? run.actor.replace(/^user:/, '');
}
