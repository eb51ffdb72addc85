import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PipelineSpec } from '../definitions/definition.contract.ts';
import { initialSteps, isTerminal, type PlanRun, type PlanStep, planRun } from './plan.model.ts';

const run: PlanRun = { id: 'run_1', pipeline: 'p', revision: 1, params: {}, cancelled: false };
const spec = (jobs: PipelineSpec['jobs']): PipelineSpec => ({ jobs });
const stepsIn = (of: PipelineSpec, states: Record<string, PlanStep['state']>) =>
  initialSteps(of, run).map((step) => ({ ...step, state: states[step.key] ?? step.state }));

describe('the plan of a run', () => {
  const diamond = spec({
    a: { run: '' },
    b: { needs: 'a', run: '' },
    c: { needs: 'a', run: '' },
    d: { needs: ['b', 'c'], run: '' },
  });

  it('starts what needs nothing, then what has become possible', () => {
    expect(planRun(diamond, run, stepsIn(diamond, {}))).toEqual({
      decisions: [{ key: 'a', to: 'ready' }],
      end: null,
    });
    const next = planRun(diamond, run, stepsIn(diamond, { a: 'cached' })).decisions;
    expect(next).toEqual([
      { key: 'b', to: 'ready' },
      { key: 'c', to: 'ready' },
    ]);
  });

  it('lets other branches go on after a failure, and skips what follows it', () => {
    const failing = planRun(diamond, run, stepsIn(diamond, { a: 'succeeded', b: 'failed', c: 'running' }));
    expect(failing).toEqual({ decisions: [], end: null });
    const ended = planRun(diamond, run, stepsIn(diamond, { a: 'succeeded', b: 'failed', c: 'succeeded' }));
    expect(ended).toEqual({ decisions: [{ key: 'd', to: 'skipped' }], end: 'failed' });
  });

  it('takes a failure that may happen for success', () => {
    const lenient = spec({ a: { run: '', 'continue-on-error': true }, b: { needs: 'a', run: '' } });
    expect(planRun(lenient, run, stepsIn(lenient, { a: 'failed' })).decisions).toEqual([
      { key: 'b', to: 'ready' },
    ]);
  });

  it('interrupts what runs and cancels the rest when the run is cancelled', () => {
    const plan = planRun(
      diamond,
      { ...run, cancelled: true },
      stepsIn(diamond, { a: 'succeeded', b: 'running' }),
    );
    expect(plan.decisions).toEqual([
      { key: 'b', to: 'interrupt' },
      { key: 'c', to: 'cancelled' },
      { key: 'd', to: 'cancelled' },
    ]);
    expect(plan.end).toBeNull();
  });

  it('ends the instances of a matrix when one fails, unless told otherwise, and keeps to max-parallel', () => {
    const jobs = (strategy: object) =>
      spec({ m: { run: '', strategy: { matrix: { x: [1, 2, 3] }, ...strategy } } });
    const fast = planRun(jobs({}), run, stepsIn(jobs({}), { 'm.0': 'failed', 'm.1': 'running' }));
    expect(fast.decisions).toEqual([
      { key: 'm.1', to: 'interrupt' },
      { key: 'm.2', to: 'cancelled' },
    ]);
    const slow = jobs({ 'fail-fast': false, 'max-parallel': 2 });
    expect(planRun(slow, run, stepsIn(slow, { 'm.0': 'failed', 'm.1': 'running' })).decisions).toEqual([
      { key: 'm.2', to: 'ready' },
    ]);
    expect(planRun(slow, run, stepsIn(slow, {})).decisions).toHaveLength(2);
  });

  it('fails a step whose params make an impossible matrix, instead of never starting', () => {
    const jobs = spec({ m: { run: '', strategy: { matrix: { x: '${{ params.x }}' } } } });
    const wrong: PlanRun = { ...run, params: { x: 3 } };
    expect(planRun(jobs, wrong, initialSteps(jobs, wrong)).decisions).toEqual([
      { key: 'm', to: 'failed', message: expect.stringMatching(/not a list/) },
    ]);
  });

  it('fails a step whose condition cannot be worked out', () => {
    const bad = spec({ a: { run: '', if: "fromJSON('{')" } });
    expect(planRun(bad, run, stepsIn(bad, {}))).toMatchObject({
      decisions: [{ key: 'a', to: 'failed' }],
      end: 'failed',
    });
  });

  it('always comes to an end, whatever graph and whatever outcome of its steps', () => {
    const outcomes = ['succeeded', 'failed', 'cached', 'stopped', 'cancelled'] as const;
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.array(fc.nat(9), { maxLength: 3 }),
            fc.constantFrom(undefined, 'always()', 'failure()'),
          ),
          { minLength: 1, maxLength: 10 },
        ),
        fc.infiniteStream(fc.constantFrom(...outcomes)),
        (graph, stream) => {
          const jobs = Object.fromEntries(
            graph.map(([needs, condition], index) => {
              const before = needs.filter((need) => need < index).map((need) => `j${need}`);
              return [`j${index}`, { run: '', needs: before, ...(condition && { if: condition }) }];
            }),
          );
          let steps = initialSteps({ jobs }, run);
          for (let turn = 0; turn < 50; turn++) {
            const { decisions, end } = planRun({ jobs }, run, steps);
            const to = new Map(decisions.map((decision) => [decision.key, decision.to]));
            steps = steps.map((step) => ({
              ...step,
              state: (to.get(step.key) as PlanStep['state']) ?? step.state,
            }));
            if (end) {
              expect(steps.every((step) => isTerminal(step.state))).toBe(true);
              return;
            }
            const ready = steps.findIndex((step) => step.state === 'ready');
            expect(ready).toBeGreaterThanOrEqual(0);
            const state = stream.next().value;
            steps = steps.map((step, index) => (index === ready ? { ...step, state } : step));
          }
          throw new Error('It never ended.');
        },
      ),
    );
  });
});
