import { describe, expect, it } from 'vitest';
import type { Json } from '../../../platform/json.ts';
import { checkDefinition, type Problem, readDefinition } from './definition.model.ts';
import { durationMs } from './duration.ts';
import { expandMatrix } from './matrix.model.ts';

const steps = { has: (name: string) => name === 'data/validate', names: () => ['data/validate'] };

function problemsOf(definition: unknown): Problem[] {
  try {
    checkDefinition(definition, steps);
    return [];
  } catch (error) {
    expect(error).toMatchObject({ code: 'pipelines.definition.invalid' });
    return (error as { details: { problems: Problem[] } }).details.problems;
  }
}

const job = { uses: 'data/validate' };

describe('pipeline definitions', () => {
  it('reads YAML in the words of GitHub Actions', () => {
    const spec = checkDefinition(
      readDefinition(
        `
        on: { schedule: { cron: '0 3 * * 1' }, data: { dataset: flights }, incident: { deployment: d, cooldown: 1h } }
        params: { until: { type: string, default: '' } }
        jobs:
          validate: { uses: data/validate, with: { dataset: flights } }
          train:
            needs: [validate]
            uses: data/validate
            with: { version: "\${{ jobs.validate.outputs.version }}" }
            timeout: 10m
            retries: 1
            if: "\${{ params.until != '' }}"
            strategy: { matrix: { depth: [3, 6] }, max-parallel: 1 }
            continue-on-error: true
          shell: { run: "echo \${{ matrix_is_not_here }}" , if: false }
      `.replace('matrix_is_not_here', 'run.id'),
      ),
      steps,
    );
    expect(Object.keys(spec.jobs)).toEqual(['validate', 'train', 'shell']);
  });

  it.each<[string, unknown, string, RegExp]>([
    ['no jobs', {}, '', /jobs/],
    ['an unknown word', { jobs: { a: { ...job, need: 'b' } } }, 'jobs.a.need', /not known/],
    ['a wrong type', { jobs: { a: { ...job, retries: 'x' } } }, 'jobs.a.retries', /integer/],
    [
      'an unknown step',
      { jobs: { a: { uses: 'data/validat' } } },
      'jobs.a.uses',
      /unknown; known are data\/validate/,
    ],
    ['uses and run', { jobs: { a: { ...job, run: 'x' } } }, 'jobs.a', /either/],
    ['an unknown need', { jobs: { a: { ...job, needs: 'b' } } }, 'jobs.a.needs', /"b"/],
    [
      'a circle',
      { jobs: { a: { ...job, needs: 'b' }, b: { ...job, needs: ['a'] } } },
      'jobs.a.needs',
      /circle: a → b → a/,
    ],
    [
      'an unknown param',
      { jobs: { a: { ...job, with: { x: '${{ params.y }}' } } } },
      'jobs.a.with.x',
      /no param "y"/,
    ],
    [
      'a job that is not needed',
      { jobs: { a: job, b: { ...job, with: { x: '${{ jobs.a.outputs.x }}' } } } },
      'jobs.b.with.x',
      /not among/,
    ],
    [
      'a misspelt output',
      { jobs: { a: job, b: { ...job, needs: 'a', if: 'jobs.a.output.x' } } },
      'jobs.b.if',
      /"outputs"/,
    ],
    [
      'a matrix without one',
      { jobs: { a: { ...job, with: { x: '${{ matrix.x }}' } } } },
      'jobs.a.with.x',
      /"matrix" is unknown/,
    ],
    ['a bad expression', { jobs: { a: { ...job, if: '1 +' } } }, 'jobs.a.if', /cannot/],
    ['an unknown function', { jobs: { a: { ...job, if: 'eval(1)' } } }, 'jobs.a.if', /no function "eval"/],
    [
      'a default of the wrong type',
      { params: { n: { type: 'number', default: 'x' } }, jobs: { a: job } },
      'params.n.default',
      /number/,
    ],
    [
      'a bad cron',
      { on: { schedule: { cron: '99 3 * * *' } }, jobs: { a: job } },
      'on.schedule.cron',
      /cron/,
    ],
    [
      'a param of a trigger',
      { on: { data: { dataset: 'd', params: { x: 1 } } }, jobs: { a: job } },
      'on.data.params.x',
      /no param/,
    ],
    ['a bad job name', { jobs: { 'a b': job } }, 'jobs.a b', /name/],
    ['a bad duration', { jobs: { a: { ...job, timeout: '10 minutes' } } }, 'jobs.a.timeout', /pattern/],
  ])('names %s', (_what, definition, path, message) => {
    const problems = problemsOf(definition);
    expect(problems).toContainEqual({ path, message: expect.stringMatching(message) });
  });

  it('refuses what cannot be walked or kept', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`);
    const circular = readDefinition('jobs: &jobs { a: { run: x, with: *jobs } }');
    const branching = readDefinition('jobs: &jobs { a: { run: x, with: { b: *jobs, c: *jobs } } }');
    const poisoned = readDefinition('jobs: { __proto__: { run: x } }');
    expect(problemsOf({ jobs: { a: { ...job, with: deep } } })[0].message).toMatch(/deeper than 64/);
    expect(problemsOf(circular)[0].message).toMatch(/deeper than 64/);
    expect(problemsOf(branching)[0].message).toMatch(/more than 1000000/);
    expect(problemsOf(poisoned)[0].message).toMatch(/__proto__/);
  });

  it('refuses a matrix beyond the limit before a run has to', () => {
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    const strategy = { matrix: { a: numbers, b: numbers } };
    expect(problemsOf({ jobs: { a: { ...job, strategy } } })).toContainEqual({
      path: 'jobs.a.strategy.matrix',
      message: expect.stringMatching(/at most 256/),
    });
  });

  it('says where YAML is broken', () => {
    expect(() => readDefinition('jobs: {a: [}')).toThrow(/line 1/);
  });
});

describe('matrices', () => {
  it.each<[string, Json, Json[]]>([
    [
      'product',
      { a: [1, 2], b: ['x'] },
      [
        { a: 1, b: 'x' },
        { a: 2, b: 'x' },
      ],
    ],
    [
      'exclude',
      { a: [1, 2], b: [1, 2], exclude: [{ a: 1, b: 2 }] },
      [
        { a: 1, b: 1 },
        { a: 2, b: 1 },
        { a: 2, b: 2 },
      ],
    ],
    [
      'include',
      { a: [1, 2], include: [{ a: 2, c: true }, { a: 9 }] },
      [{ a: 1 }, { a: 2, c: true }, { a: 9 }],
    ],
    [
      'include to all',
      { a: [1, 2], include: [{ c: 0 }] },
      [
        { a: 1, c: 0 },
        { a: 2, c: 0 },
      ],
    ],
    ['only include', { include: [{ a: 1 }, { a: 2 }] }, [{ a: 1 }, { a: 2 }]],
    ['a list', [{ a: 1 }, 5], [{ a: 1 }, { value: 5 }]],
    ['nothing', { a: [] }, []],
  ])('expands: %s', (_name, matrix, expected) => {
    expect(expandMatrix(matrix)).toEqual(expected);
  });

  it('has a limit', () => {
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    expect(() => expandMatrix({ a: numbers, b: numbers })).toThrow(/at most 256/);
  });
});

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['1.5s', 1500],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ] as const)('%s', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });
});
