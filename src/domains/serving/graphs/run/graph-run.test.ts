import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { failingModel, logisticModel } from '../../../../../test/serving/models.ts';
import type { Runner, RunOutputs } from '../../runtime/runner.ts';
import { openInlineRunner } from '../../runtime/runners.ts';
import type { NamedTensor } from '../../runtime/tensors.ts';
import type { GraphSpecInput } from '../graph.contract.ts';
import { checkShape } from '../graph.model.ts';
import { planGraph } from '../plan/graph.planner.ts';
import { hashed } from './graph-branches.ts';
import { createGraphMeter } from './graph-meter.ts';
import { createGraphRunner } from './graph-runner.ts';

const folder = mkdtempSync(join(tmpdir(), 'houston-graph-'));
const weights: Record<string, number[]> = { up: [1, 0.5], down: [-1, 0.25], flat: [0.1, 0.1] };
const models = new Map<string, Runner>();
/** Rows that each model was asked for. */
const asked = new Map<string, number[]>();

beforeAll(async () => {
  for (const [name, bytes] of [
    ...Object.entries(weights).map(([one, of]) => [one, logisticModel({ weights: of })] as const),
    ['brittle', failingModel(2)] as const,
  ]) {
    const path = join(folder, `${name}.onnx`);
    writeFileSync(path, bytes);
    const runner = await openInlineRunner(path, 1);
    models.set(name, {
      ...runner,
      run(feeds) {
        asked.set(name, [...(asked.get(name) ?? []), feeds[0].shape[0]]);
        return runner.run(feeds);
      },
    });
  }
});
beforeEach(() => asked.clear());
afterAll(async () => {
  for (const runner of models.values()) await runner.close();
  rmSync(folder, { recursive: true });
});

function open(spec: GraphSpecInput) {
  const { shape, problems } = checkShape(spec);
  expect(problems).toEqual([]);
  const runnerOf = (name: string) => models.get(spec.nodes[name].model ?? '');
  const signatures = new Map(
    Object.keys(spec.nodes).flatMap((name) => {
      const runner = runnerOf(name);
      return runner
        ? [[name, { inputs: runner.inputs, outputs: runner.outputs, features: null }] as const]
        : [];
    }),
  );
  const plan = planGraph(spec, shape!, signatures, null);
  const members = plan.nodes.map(({ name }) => {
    const runner = runnerOf(name);
    return runner ? { runner, limitMs: null } : null;
  });
  const meter = createGraphMeter(plan);
  return { meter, plan, runner: createGraphRunner(plan, members, meter, async () => {}) };
}

const feed = (rows: readonly (readonly number[])[]): NamedTensor[] => [
  { name: 'features', datatype: 'FP32', shape: [rows.length, 2], data: Float32Array.from(rows.flat()) },
];
const chance = (row: readonly number[], name: string) =>
  1 / (1 + Math.exp(-row.reduce((sum, value, i) => sum + value * weights[name][i], 0)));
const values = (outputs: RunOutputs, name: string) =>
  Array.from(outputs.find((one) => one.name === name)!.data as Float64Array, Number);

/** Switches within switches, a split, an ensemble that may do without a member, and transforms around them. */
const rich: GraphSpecInput = {
  nodes: {
    base: { model: 'flat' },
    up: { model: 'up' },
    down: { model: 'down' },
    brittle: { model: 'brittle', onError: 'skip' },
    fixed: { model: 'brittle', onError: { default: { probability: 0.125 } } },
    halves: {
      split: [
        { use: 'up', weight: 1 },
        { use: 'down', weight: 3 },
      ],
      by: 'features[1]',
    },
    inner: {
      switch: [
        { when: 'features[1] > 1', use: 'down' },
        { when: 'base > 0.55', use: 'halves' },
      ],
      default: 'fixed',
    },
    outer: { switch: [{ when: 'features[0] < 0', use: 'up' }], default: 'inner' },
    mean: { ensemble: 'mean', of: ['outer', 'brittle', 'base'], weights: [2, 1, 1] },
    final: {
      transform: {
        score: { clip: 'mean', low: 0.1, high: 0.9 },
        group: "case when coalesce(brittle, 0) > 0 then 'whole' else 'part' end",
        top: { threshold: 'mean', at: 0.5 },
      },
    },
  },
};

/** The same, row by row, by hand. */
function byHand(row: readonly number[]): number {
  const [x, y] = row;
  const base = chance(row, 'flat');
  const fails = Math.trunc(x) >= 1 || Math.trunc(x) < -1;
  const inner =
    y > 1
      ? chance(row, 'down')
      : base > 0.55
        ? chance(row, hashed(String(y)) < 0.25 ? 'up' : 'down')
        : fails
          ? 0.125
          : 0.5;
  const outer = x < 0 ? chance(row, 'up') : inner;
  const mean = fails ? (2 * outer + base) / 3 : (2 * outer + 0.5 + base) / 4;
  return Math.min(0.9, Math.max(0.1, mean));
}
// Away from the borders of the conditions, which single precision moves.
const number = fc.integer({ min: -300, max: 300 }).map((value) => Math.fround(value / 100 + 0.0041));
const rows = fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 12 });

describe('rows of one request', () => {
  test('get together what each gets alone, and what the nodes say by hand', async () => {
    const { runner } = open(rich);
    await fc.assert(
      fc.asyncProperty(rows, async (all) => {
        const together = await runner.run(feed(all));
        for (let i = 0; i < all.length; i++) {
          const alone = await runner.run(feed([all[i]]));
          expect(values(alone, 'score')[0]).toBe(values(together, 'score')[i]);
          expect(values(together, 'score')[i]).toBeCloseTo(byHand(all[i]), 5);
          const texts = (outputs: RunOutputs) =>
            outputs.find((one) => one.name === 'group')!.data as string[];
          expect(texts(alone)[0]).toBe(texts(together)[i]);
          const path = (outputs: RunOutputs, row: number) => {
            const list = JSON.parse(outputs.path ?? '[""]') as string[];
            return list[row] ?? list[0];
          };
          expect(path(alone, 0)).toBe(path(together, i));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('are divided among the branches: each row runs in one of them, once, and joined in order', async () => {
    const { runner, meter, plan } = open({
      nodes: {
        up: { model: 'up' },
        down: { model: 'down' },
        s: { switch: [{ when: 'features[0] > 0', use: 'up' }], default: 'down' },
      },
    });
    await fc.assert(
      fc.asyncProperty(rows, async (all) => {
        asked.clear();
        const before = meter.map((one) => one.rows);
        const scores = values(await runner.run(feed(all)), 'probability');
        for (const [i, row] of all.entries())
          expect(scores[i]).toBeCloseTo(chance(row, row[0] > 0 ? 'up' : 'down'), 5);
        const up = all.filter(([x]) => x > 0).length;
        expect(asked.get('up') ?? []).toEqual(up > 0 ? [up] : []);
        expect(asked.get('down') ?? []).toEqual(up < all.length ? [all.length - up] : []);
        const counted = plan.nodes.map(({ name }, i) => [name, meter[i].rows - before[i]]);
        expect(Object.fromEntries(counted)).toEqual({ up, down: all.length - up, s: all.length });
      }),
      { numRuns: 60 },
    );
  });
});

describe('a node', () => {
  test('that two others read runs once', async () => {
    const { runner } = open({
      nodes: {
        up: { model: 'up' },
        down: { model: 'down' },
        s: { switch: [{ when: 'up > 0.5', use: 'up' }], default: 'down' },
        e: { ensemble: 'max', of: ['s', 'up'] },
      },
    });
    await runner.run(
      feed([
        [1, 1],
        [-1, 0],
        [2, 0],
      ]),
    );
    expect(asked).toEqual(
      new Map([
        ['up', [3]],
        ['down', [1]],
      ]),
    );
  });

  test('that a later condition reads runs for the rows that come to it', async () => {
    const { runner } = open({
      nodes: {
        up: { model: 'up' },
        down: { model: 'down' },
        flat: { model: 'flat' },
        s: {
          switch: [
            { when: 'features[0] > 0', use: 'up' },
            { when: 'down > 0.5', use: 'flat' },
          ],
          default: 'down',
        },
      },
    });
    await runner.run(
      feed([
        [1, 1],
        [-1, 0],
        [2, 0],
      ]),
    );
    expect(asked).toEqual(
      new Map([
        ['down', [1]],
        ['up', [2]],
        ['flat', [1]],
      ]),
    );
  });

  test('that fails is told by its name, and the others do not wait for it', async () => {
    const { runner } = open({
      nodes: {
        brittle: { model: 'brittle' },
        up: { model: 'up' },
        e: { ensemble: 'mean', of: ['brittle', 'up'] },
      },
    });
    await expect(runner.run(feed([[3, 1]]))).rejects.toThrow('Node "brittle" of the graph gave no answer');
    const all = open({
      nodes: { brittle: { model: 'brittle', onError: 'skip' }, e: { ensemble: 'mean', of: ['brittle'] } },
    });
    await expect(all.runner.run(feed([[3, 1]]))).rejects.toThrow(
      'Node "e" of the graph gave no answer: all that it joins have failed',
    );
  });
});

describe('a value that is no number', () => {
  const undefinedLog: GraphSpecInput['nodes'] = {
    up: { model: 'up' },
    t: { transform: { x: 'ln(up - 2)', y: 'up' } },
  };
  test('stays one where numbers may be none, and fails where a whole number is declared', async () => {
    const float = open({ nodes: undefinedLog, outputs: { x: 't.x' } });
    expect(values(await float.runner.run(feed([[1, 1]])), 'x')).toEqual([Number.NaN]);
    const whole = open({ nodes: undefinedLog, outputs: { x: { of: 't.x', datatype: 'INT64' } } });
    await expect(whole.runner.run(feed([[1, 1]]))).rejects.toThrow('The output "x" of the graph failed');
  });

  test('fails once, when a model fails at the same time', async () => {
    const nodes: GraphSpecInput['nodes'] = {
      brittle: { model: 'brittle' },
      top: { transform: { x: { argmax: 'features' } } },
    };
    const { runner } = open({ nodes, outputs: { a: 'brittle', b: 'top' } });
    await expect(runner.run(feed([[Number.NaN, 1]]))).rejects.toThrow('none of its values is the largest');
    await expect(runner.run(feed([[7, 1]]))).rejects.toThrow('Node "brittle"');
    // A failure that nobody hears would end the process, and this test.
    await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('is a failure where one is provided for', async () => {
    const nodes: GraphSpecInput['nodes'] = {
      ...undefinedLog,
      t: { transform: { x: 'ln(features[0])' }, onError: { default: { x: -9 } } },
      s: { transform: { x: 'ln(features[0])' }, onError: 'skip' },
      e: { ensemble: 'max', of: ['s', 'up'] },
    };
    const { runner } = open({ nodes, outputs: { x: 't.x', e: 'e' } });
    const outputs = await runner.run(
      feed([
        [1, 1],
        [-1, 1],
      ]),
    );
    expect(values(outputs, 'x')).toEqual([0, -9]);
    expect(values(outputs, 'e')[1]).toBeCloseTo(chance([-1, 1], 'up'), 5);
    expect(outputs).toMatchObject({ path: '["","!t !s"]', isPartial: true });
  });
});

describe('joining and changing', () => {
  const answer = async (nodes: GraphSpecInput['nodes'], row: [number, number]) => {
    const { runner } = open({ nodes, output: 'out' });
    return runner.run(feed([row]));
  };
  const three = { up: { model: 'up' }, down: { model: 'down' }, flat: { model: 'flat' } };
  const scores = (row: readonly number[]) => Object.keys(weights).map((name) => chance(row, name));

  test.each([
    ['mean', (all: number[]) => (all[0] + all[1] + all[2]) / 3],
    ['median', (all: number[]) => all.sort((a, b) => a - b)[1]],
    ['max', (all: number[]) => Math.max(...all)],
    ['min', (all: number[]) => Math.min(...all)],
  ] as const)('takes the %s', async (how, of) => {
    const row: [number, number] = [1.5, -0.5];
    const outputs = await answer({ ...three, out: { ensemble: how, of: Object.keys(three) } }, row);
    expect(values(outputs, 'probability')[0]).toBeCloseTo(of(scores(row)), 5);
  });

  test('votes by weight, and by order where weights are equal', async () => {
    const label = (of: string) => ({
      transform: { label: { threshold: of, at: 0.5, labels: ['no', 'yes'] as [string, string] } },
    });
    const voters = { ...three, a: label('up'), b: label('down'), c: label('flat') };
    const vote = async (weighted?: number[]) => {
      const outputs = await answer(
        { ...voters, out: { ensemble: 'vote', of: ['b', 'a', 'c'], ...(weighted && { weights: weighted }) } },
        [1, 0.1],
      );
      return (outputs[0].data as string[])[0];
    };
    expect([await vote(), await vote([3, 1, 1]), await vote([2, 1, 1])]).toEqual(['yes', 'no', 'no']);
  });

  test.each([
    [{ round: 'up', digits: 2 }, Math.round(chance([1, 1], 'up') * 100) / 100],
    [{ clip: 'up', high: 0.3 }, 0.3],
    [{ calibrate: 'up', slope: 2, intercept: -1 }, 1 / (1 + Math.exp(-(2 * 1.5 - 1)))],
    [
      {
        calibrate: 'up',
        points: [
          [0, 0],
          [0.5, 0.2],
          [1, 1],
        ] as [number, number][],
      },
      0.2 + ((chance([1, 1], 'up') - 0.5) / 0.5) * 0.8,
    ],
    [{ threshold: 'up', at: 0.9 }, 0],
    [{ lookup: 'features[0]', table: { '1': 7, '2': 8 }, default: 9 }, 7],
    ['greatest(up, down) * 100', chance([1, 1], 'up') * 100],
  ])('gives %j', async (value, expected) => {
    const used = { up: { model: 'up' }, down: { model: 'down' } };
    const outputs = await answer({ ...used, out: { transform: { x: value, y: 'up + down' } } }, [1, 1]);
    expect(values(outputs, 'x')[0]).toBeCloseTo(expected, 4);
  });

  test('feeds a model with columns of the request and of other nodes', async () => {
    const outputs = await answer(
      { up: { model: 'up' }, out: { model: 'down', inputs: { features: ['features[1]', 'up'] } } },
      [2, 0.5],
    );
    expect(values(outputs, 'probability')[0]).toBeCloseTo(chance([0.5, chance([2, 0.5], 'up')], 'down'), 5);
  });
});
