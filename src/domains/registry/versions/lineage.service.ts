import { usedBy, why } from '../../../platform/ledger/index.ts';
import type { Scope } from '../../../platform/scope.ts';
import type { VersionRef } from '../registry.door.ts';
import { getVersion } from '../registry.service.ts';

export type LineageNode = {
  /** A ledger subject, such as `dataset:flights@3`. */
  id: string;
  /** The noun: dataset, feature-service, experiment-run, run, model, evaluation, revision, … */
  kind: string;
  name: string;
  /** The event that made or last changed it; null for what the ledger only knows by name. */
  event: string | null;
  time: number | null;
};
export type LineageEdge = { from: string; to: string };

/**
 * What a version was made from and what was made from it, as a graph of subjects; an edge points from the source to
 * what was made of it. Read from the `uses` of the ledger.
 */
export async function lineage(
  scope: Scope,
  model: string,
  ref: VersionRef,
): Promise<{ nodes: LineageNode[]; edges: LineageEdge[] }> {
  const { version } = await getVersion(scope, model, ref);
  const subject = `model:${model}/${version}`;
  const nodes = new Map<string, LineageNode>();
  const edges = new Map<string, LineageEdge>();
  const addNode = (id: string, event: { id: string; time: number } | null) => {
    if (nodes.has(id) && !event) return;
    const [kind = '', ...rest] = id.split(':');
    nodes.set(id, { id, kind, name: rest.join(':'), event: event?.id ?? null, time: event?.time ?? null });
  };
  const addEdge = (from: string, to: string) => {
    if (from !== to) edges.set(`${from} ${to}`, { from, to });
  };
  const { nodes: past } = await why(scope, subject);
  const isPart = new Set([subject]);
  // Nodes come nearest first, so one pass follows the uses back; causes are not lineage.
  for (const { event } of past) {
    if (!isPart.has(event.subject)) continue;
    addNode(event.subject, event);
    for (const used of event.uses) {
      // A verdict names the champion that it compared with: the version was not made from it.
      if (event.type.startsWith('registry.gate.') && used.startsWith('model:')) continue;
      isPart.add(used);
      addNode(used, null);
      addEdge(used, event.subject);
    }
  }
  for (const event of await usedBy(scope, subject)) {
    // Verdicts, aliases, approvals and steps speak of the version; they are not made of it.
    if (/^(registry|governance|pipelines)\./.test(event.type)) continue;
    addNode(event.subject, event);
    addEdge(subject, event.subject);
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}
