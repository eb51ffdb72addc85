import { performance } from 'node:perf_hooks';
import type { RequestTrace } from '../../../../platform/tracing/tracer.ts';
import type { NamedTensor } from '../../runtime/tensors.ts';
import type {
  EnsembleNode,
  GraphPlan,
  ModelNode,
  Part,
  PlanNode,
  SplitNode,
  SwitchNode,
  TransformNode,
} from '../plan/graph.plan.ts';
import { grouped, hashed } from './graph-branches.ts';
import { joinMembers } from './graph-ensemble.ts';
import { evaluator, largest, type Reading } from './graph-evaluate.ts';
import { inTime, nodeFailure, outputFailure, TimeOut } from './graph-failures.ts';
import { type GraphMeter, meterNode } from './graph-meter.ts';
import type { Member, NodeState } from './graph-state.ts';
import { beginNode, type NodeTrace } from './graph-trace.ts';
import { areFinite, emptyTensor, everyRow, gathered, put, type Rows, scatter } from './graph-values.ts';

type Work = Promise<unknown> | undefined;

/**
 * One request's way through a graph. Nodes run when somebody needs them and for the rows that are needed, each row at
 * most once: a switch asks each branch for its own rows only. What every row needs runs once for all of them.
 */
export class GraphRun {
  readonly states: NodeState[];
  readonly rows: number;
  private readonly plan: GraphPlan;
  private readonly members: readonly (Member | null)[];
  private readonly meter: GraphMeter | null;
  private readonly feeds: readonly NamedTensor[];
  private readonly trace: RequestTrace | undefined;

  constructor(
    plan: GraphPlan,
    members: readonly (Member | null)[],
    meter: GraphMeter | null,
    feeds: readonly NamedTensor[],
    trace?: RequestTrace,
  ) {
    this.plan = plan;
    this.members = members;
    this.meter = meter;
    this.feeds = feeds;
    this.trace = trace;
    this.rows = feeds[0].shape[0];
    this.states = plan.nodes.map(() => ({
      outputs: [],
      claimed: null,
      isWhole: false,
      failed: null,
      choice: null,
      pending: undefined,
    }));
  }

  /** Runs what the outputs need. */
  async answer(): Promise<NamedTensor[]> {
    const { outputs } = this.plan;
    await this.needAll(
      outputs.map(({ part }) => part.node),
      null,
    );
    return outputs.map(({ spec, part }) => {
      try {
        return gathered(spec, [part], this.tensorOf, null, this.rows);
      } catch (error) {
        throw outputFailure(spec.name, error);
      }
    });
  }

  private readonly tensorOf = ({ node, output }: Part): NamedTensor =>
    node < 0 ? this.feeds[output] : this.states[node].outputs[output];

  /** Whether a node was left out for a row. */
  private readonly isMissing = (at: number, row: number): boolean =>
    at >= 0 && this.states[at].failed?.[row] === 1 && this.plan.nodes[at].onError.kind === 'skip';

  private get reading(): Reading {
    return { tensorOf: this.tensorOf, isMissing: this.isMissing, rows: this.rows };
  }

  private needAll(nodes: readonly number[], rows: Rows): Work {
    let only: Work;
    let several: Promise<unknown>[] | undefined;
    for (const at of nodes) {
      const work = at < 0 ? undefined : this.need(at, rows);
      if (!work) continue;
      if (several) several.push(work);
      else if (only) several = [only, work];
      else only = work;
    }
    return several ? Promise.all(several) : only;
  }

  /** Has a node run for some rows; undefined when it already has, or could at once. */
  private need(at: number, asked: Rows): Work {
    const state = this.states[at];
    if (state.isWhole) return state.pending;
    const rows = this.claim(state, this.plan.always.has(at) ? null : asked);
    if (rows?.length === 0) return state.pending;
    const work = this.run(at, rows);
    if (work) state.pending = state.pending ? Promise.all([state.pending, work]) : work;
    return state.pending;
  }

  /** The rows among those asked for that nobody has asked for before; null when it is all. */
  private claim(state: NodeState, asked: Rows): Rows {
    if (asked === null && state.claimed === null) {
      state.isWhole = true;
      return null;
    }
    state.claimed ??= new Uint8Array(this.rows);
    const { claimed } = state;
    const fresh = (asked ?? everyRow(this.rows)).filter((row) => claimed[row] === 0);
    for (const row of fresh) claimed[row] = 1;
    if (asked === null) state.isWhole = true;
    return fresh;
  }

  private run(at: number, rows: Rows): Work {
    const node = this.plan.nodes[at];
    const work = this.needAll(node.needs, rows);
    if (work) return work.then(() => this.execute(at, node, rows));
    try {
      return this.execute(at, node, rows);
    } catch (error) {
      // Others may be under way already: it is told where they are awaited, so that none fails unheard.
      return Promise.reject(error);
    }
  }

  private execute(at: number, node: PlanNode, rows: Rows): Work {
    if (node.kind === 'model') return this.runModel(at, node, rows);
    const start = performance.now();
    if (node.kind === 'switch' || node.kind === 'split') return this.runBranches(at, node, rows, start);
    if (node.kind === 'ensemble') this.runEnsemble(at, node, rows);
    else this.runTransform(at, node, rows);
    this.count(at, rows, start);
    this.begin(node, rows, start)?.end();
    return undefined;
  }

  private count(at: number, rows: Rows, start: number): void {
    if (this.meter) meterNode(this.meter[at], rows?.length ?? this.rows, performance.now() - start);
  }

  private begin(node: PlanNode, rows: Rows, start: number): NodeTrace | undefined {
    return beginNode(this.trace, node, rows?.length ?? this.rows, start);
  }

  private async runModel(at: number, node: ModelNode, rows: Rows): Promise<void> {
    const { runner, limitMs } = this.members[at]!;
    const start = performance.now();
    const span = this.begin(node, rows, start);
    let outputs: NamedTensor[];
    try {
      const feeds = node.inputs.map(({ spec, parts }) =>
        gathered(spec, parts, this.tensorOf, rows, this.rows),
      );
      const run = runner.run(feeds, span?.handed);
      outputs = await (limitMs === null ? run : inTime(run, limitMs));
      this.checkOutputs(node, outputs, rows);
      span?.end();
    } catch (error) {
      span?.end(error);
      this.count(at, rows, start);
      if (node.onError.kind === 'fail') throw nodeFailure(node.name, error);
      return this.modelFailed(at, node, rows, runner.placement === 'upstream' || error instanceof TimeOut);
    }
    this.count(at, rows, start);
    this.keep(at, outputs, rows);
    if (node.onError.kind !== 'fail') this.failInvalid(at, node, rows);
  }

  private checkOutputs(node: ModelNode, outputs: readonly NamedTensor[], rows: Rows): void {
    const count = rows?.length ?? this.rows;
    for (let i = 0; i < node.outputs.length; i++) {
      if (outputs[i]?.shape[0] !== count)
        throw new Error('The model gave another number of rows than it got.');
    }
  }

  /** Somebody's rows broke the run: halves it until the row is found; not where each try is a call or a long wait. */
  private async modelFailed(at: number, node: ModelNode, rows: Rows, asOne: boolean): Promise<void> {
    const all = rows ?? everyRow(this.rows);
    if (all.length === 1 || asOne) {
      for (const row of all) this.fail(at, node, row);
      return;
    }
    const middle = all.length >> 1;
    await this.runModel(at, node, all.slice(0, middle));
    await this.runModel(at, node, all.slice(middle));
  }

  private keep(at: number, outputs: NamedTensor[], rows: Rows): void {
    const state = this.states[at];
    if (rows === null) {
      state.outputs = outputs;
      return;
    }
    const kept = this.open(at, outputs);
    outputs.forEach((output, i) => {
      if (output.data.length / rows.length !== kept[i].data.length / this.rows)
        throw new Error('The model gave outputs of different sizes.');
      scatter(kept[i], output, rows);
    });
  }

  /** The node's outputs for all rows, to be filled. */
  private open(at: number, like: readonly NamedTensor[] = []): NamedTensor[] {
    const state = this.states[at];
    if (state.outputs.length === 0)
      state.outputs = this.plan.nodes[at].outputs.map((spec, i) => emptyTensor(spec, this.rows, like[i]));
    return state.outputs;
  }

  private fail(at: number, node: PlanNode, row: number): void {
    const state = this.states[at];
    const outputs = this.open(at);
    state.failed ??= new Uint8Array(this.rows);
    state.failed[row] = 1;
    if (this.meter) this.meter[at].failedRows++;
    const { onError } = node;
    if (onError.kind !== 'default') return;
    onError.row.forEach((values, i) => {
      const target = outputs[i].data as unknown as unknown[];
      values.forEach((value, j) => {
        target[row * values.length + j] = value;
      });
    });
  }

  /** Where a failure is provided for, a number that is none is one. */
  private failInvalid(at: number, node: ModelNode, rows: Rows): void {
    const { outputs } = this.states[at];
    const count = rows?.length ?? this.rows;
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i];
      if (outputs.some((output) => !areFinite(output, this.rows, row))) this.fail(at, node, row);
    }
  }

  private runEnsemble(at: number, node: EnsembleNode, rows: Rows): void {
    const [output] = this.open(at);
    const tensors = node.members.map(this.tensorOf);
    const isMissing = (member: number, row: number) => this.isMissing(node.members[member].node, row);
    const count = rows?.length ?? this.rows;
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i];
      if (joinMembers(node, tensors, isMissing, output, this.rows, row)) continue;
      if (node.onError.kind === 'fail') throw nodeFailure(node.name, null, 'all that it joins have failed');
      this.fail(at, node, row);
    }
  }

  private runTransform(at: number, node: TransformNode, rows: Rows): void {
    const outputs = this.open(at);
    const count = rows?.length ?? this.rows;
    const values = node.values.map((value) =>
      'argmax' in value ? largest(this.reading, value) : evaluator(this.reading, value),
    );
    for (let i = 0; i < count; i++) {
      const row = rows === null ? i : rows[i];
      let isBad = false;
      for (let k = 0; k < values.length; k++) {
        const value = values[k](row);
        if (value === null || (typeof value === 'number' && !Number.isFinite(value))) isBad = true;
        // A whole number has no value for none.
        if (value === null && outputs[k].datatype === 'INT64' && node.onError.kind === 'fail')
          throw nodeFailure(node.name, null, 'none of its values is the largest');
        put(outputs[k], row, value);
      }
      if (isBad && node.onError.kind !== 'fail') this.fail(at, node, row);
    }
  }

  private runBranches(at: number, node: SwitchNode | SplitNode, rows: Rows, start: number): Work {
    const state = this.states[at];
    state.choice ??= new Int8Array(this.rows).fill(-1);
    const { choice } = state;
    const asked = rows ?? everyRow(this.rows);
    const chosen =
      node.kind === 'switch' ? this.test(node, 0, asked, choice) : this.divide(node, asked, choice);
    const answer = () => this.runChosen(at, node, asked, choice, start);
    return chosen ? chosen.then(answer) : answer();
  }

  /** Tests one condition after another, each with the rows for which none has held yet. */
  private test(node: SwitchNode, from: number, asked: Int32Array, choice: Int8Array): Work {
    if (from === node.tests.length) {
      for (const row of asked) choice[row] = from;
      return undefined;
    }
    const formula = node.tests[from];
    const decide = () => {
      const holds = evaluator(this.reading, formula);
      let open = 0;
      for (const row of asked) {
        if (holds(row) === true) choice[row] = from;
        else open++;
      }
      if (open === 0) return undefined;
      const rest = open === asked.length ? asked : asked.filter((row) => choice[row] < 0);
      return this.test(node, from + 1, rest, choice);
    };
    const work = from === 0 ? undefined : this.needAll(formula.needs, asked);
    return work ? work.then(decide) : decide();
  }

  private divide({ by, upTo }: SplitNode, asked: Int32Array, choice: Int8Array): undefined {
    const value = evaluator(this.reading, by);
    for (const row of asked) {
      const share = hashed(String(value(row) ?? ''));
      const way = upTo.findIndex((end) => share < end);
      choice[row] = way < 0 ? upTo.length - 1 : way;
    }
  }

  private runChosen(
    at: number,
    node: SwitchNode | SplitNode,
    asked: Int32Array,
    choice: Int8Array,
    start: number,
  ): Work {
    const groups = grouped(asked, choice, node.branches.length);
    const works: Promise<unknown>[] = [];
    for (const { branch, rows } of groups) {
      if (this.meter) this.meter[at].branches[branch] += rows.length;
      const { target } = node.branches[branch];
      const work = this.need(target, rows.length === this.rows ? null : rows);
      if (work) works.push(work);
    }
    const decided = performance.now() - start;
    const take = () => {
      const joined = performance.now();
      for (const { branch, rows } of groups) {
        const some = rows.length === this.rows ? null : rows;
        const outputs = node.outputs.map((spec, i) =>
          gathered(spec, [node.branches[branch].parts[i]], this.tensorOf, some, this.rows),
        );
        this.keep(at, outputs, some);
      }
      // What the branches took is theirs.
      this.count(at, asked, joined - decided);
      this.begin(node, asked, start)?.end();
    };
    if (works.length === 0) return void take();
    return (works.length === 1 ? works[0] : Promise.all(works)).then(take);
  }
}
