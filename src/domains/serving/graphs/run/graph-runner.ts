import type { Runner, RunOutputs } from '../../runtime/runner.ts';
import type { NamedTensor } from '../../runtime/tensors.ts';
import type { GraphPlan } from '../plan/graph.plan.ts';
import type { GraphMeter } from './graph-meter.ts';
import { GraphRun } from './graph-run.ts';
import type { Member, NodeState } from './graph-state.ts';

/** A graph as a model: what it takes, what it gives, and `run`. */
export type GraphRunner = Runner & {
  readonly plan: GraphPlan;
  readonly meter: GraphMeter;
  /** Where each model of it runs, by node. */
  readonly placements: ReadonlyMap<string, Runner['placement']>;
  /** Runs uncounted, and shows what each node did. */
  inspect(feeds: readonly NamedTensor[]): Promise<readonly NodeState[]>;
};

/** `members` has the model of each node of the plan, null for those that have none. */
export function createGraphRunner(
  plan: GraphPlan,
  members: readonly (Member | null)[],
  meter: GraphMeter,
  close: () => Promise<void>,
): GraphRunner {
  const runners = members.flatMap((member) => (member ? [member.runner] : []));
  const placements = new Map(
    plan.nodes.flatMap(({ name }, i) => (members[i] ? [[name, members[i].runner.placement] as const] : [])),
  );
  let running = 0;
  let onIdle: (() => void) | undefined;
  const ended = () => {
    running--;
    if (running === 0) onIdle?.();
  };
  const hasPath = plan.nodes.some(
    ({ kind, onError }) => kind === 'switch' || kind === 'split' || onError.kind !== 'fail',
  );
  return {
    placement: placementOf(runners),
    inputs: plan.inputs,
    outputs: plan.outputs.map(({ spec }) => spec),
    parallel: Math.min(...runners.map(({ parallel }) => parallel)),
    plan,
    meter,
    placements,
    async run(feeds, trace) {
      running++;
      try {
        const run = new GraphRun(plan, members, meter, inOrder(plan, feeds), trace);
        const outputs: RunOutputs = await run.answer();
        const path = hasPath ? pathOf(plan, run.states, run.rows) : undefined;
        if (path !== undefined) {
          outputs.path = path;
          trace?.span?.set({ 'houston.graph.path': path });
        }
        if (hasPath && run.states.some(({ failed }) => failed !== null)) outputs.isPartial = true;
        return outputs;
      } finally {
        ended();
      }
    },
    async uncounted(feeds) {
      running++;
      try {
        return await new GraphRun(plan, members, null, inOrder(plan, feeds)).answer();
      } finally {
        ended();
      }
    },
    async inspect(feeds) {
      running++;
      try {
        const run = new GraphRun(plan, members, null, inOrder(plan, feeds));
        await run.answer();
        return run.states;
      } finally {
        ended();
      }
    },
    async close() {
      if (running > 0) {
        await new Promise<void>((resolve) => {
          onIdle = resolve;
        });
      }
      await close();
    },
  };
}

/** That of the model that is furthest away: it decides what may be expected of a run. */
function placementOf(runners: readonly Runner[]): Runner['placement'] {
  const away = runners.filter(({ placement }) => placement !== 'inline');
  return (away.find(({ placement }) => placement === 'upstream') ?? away[0])?.placement ?? 'inline';
}

/** Parts name inputs by their place. */
function inOrder({ inputs }: GraphPlan, feeds: readonly NamedTensor[]): readonly NamedTensor[] {
  let isOrdered = feeds.length === inputs.length;
  for (let i = 0; isOrdered && i < inputs.length; i++) isOrdered = feeds[i].name === inputs[i].name;
  if (isOrdered) return feeds;
  return inputs.map(({ name }) => {
    const found = feeds.find((feed) => feed.name === name);
    if (found) return found;
    throw new Error(`The input "${name}" is missing.`);
  });
}

/**
 * Which way each row went, as JSON text: `NODE=BRANCH` for each switch that it met, `!NODE` for what failed on the way.
 * One text a row, or a single one when all rows went the same way.
 */
function pathOf({ nodes }: GraphPlan, states: readonly NodeState[], rows: number): string | undefined {
  const told = nodes.flatMap((node, i) =>
    states[i].choice || states[i].failed ? [{ node, state: states[i] }] : [],
  );
  if (told.length === 0) return undefined;
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    let text = '';
    for (const { node, state } of told) {
      const choice = state.choice?.[row] ?? -1;
      if (choice >= 0 && 'branches' in node)
        text += `${text && ' '}${node.name}=${node.branches[choice].label}`;
      if (state.failed?.[row] === 1) text += `${text && ' '}!${node.name}`;
    }
    texts.push(text);
  }
  const isOne = texts.every((text) => text === texts[0]);
  return JSON.stringify(isOne ? texts.slice(0, 1) : texts);
}
