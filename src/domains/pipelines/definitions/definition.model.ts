import { Cron } from 'croner';
import Value from 'typebox/value';
import { parse as parseYaml } from 'yaml';
import { type Json, type JsonObject, jsonProblem } from '../../../platform/json.ts';
import { functionNames, parseCondition, referencesIn, walk } from '../expressions/evaluator.ts';
import { type Expression, parseTemplate } from '../expressions/parser.ts';
import { pipelinesError } from '../pipelines.contract.ts';
import { type JobSpec, PipelineSpec } from './definition.contract.ts';
import { expandMatrix } from './matrix.model.ts';

export type Problem = { path: string; message: string };

/** What the checks must know of the world. */
export type StepNames = { has(name: string): boolean; names(): readonly string[] };

export const needsOf = (job: JobSpec): string[] => [...new Set([job.needs ?? []].flat())];

/** Reads a definition from YAML or JSON text. Raises pipelines.definition.invalid with line and column. */
export function readDefinition(text: string): Json {
  try {
    return (parseYaml(text, { maxAliasCount: 100 }) ?? null) as Json;
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0] : 'not YAML';
    throw invalid([{ path: '', message }]);
  }
}

/**
 * Checks a definition and returns it with its type. Raises pipelines.definition.invalid with every problem:
 * shape, unknown needs, cycles, unknown `uses`, expressions that cannot be read or name what is not there.
 */
export function checkDefinition(value: unknown, steps: StepNames): PipelineSpec {
  const unsafe = jsonProblem(value);
  if (unsafe) throw invalid([{ path: '', message: unsafe }]);
  const shape = shapeProblems(value);
  if (shape.length > 0) throw invalid(shape);
  const spec = value as PipelineSpec;
  const problems = [
    ...paramProblems(spec),
    ...triggerProblems(spec),
    ...graphProblems(spec),
    ...Object.entries(spec.jobs).flatMap(([name, job]) => jobProblems(spec, name, job, steps)),
  ];
  if (problems.length > 0) throw invalid(problems);
  return spec;
}

/** The same checks as a list instead of an error, without the world. */
function invalid(problems: Problem[]): Error {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const where = first.path === '' ? '' : `${first.path}: `;
  return pipelinesError('pipelines.definition.invalid', `${where}${first.message}${more}.`, { problems });
}

function shapeProblems(value: unknown): Problem[] {
  const errors = Value.Errors(PipelineSpec, value);
  const problems = new Map<string, Problem>();
  for (const { keyword, instancePath, message } of errors) {
    const path = instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/');
    if (keyword === 'additionalProperties') continue;
    const text = keyword === 'boolean' ? `"${path.split('.').at(-1)}" is not known here` : message;
    if (!problems.has(path) || keyword === 'anyOf') problems.set(path, { path, message: text });
  }
  return [...problems.values()];
}

function paramProblems(spec: PipelineSpec): Problem[] {
  return Object.entries(spec.params ?? {}).flatMap(([name, param]) => {
    const path = `params.${name}`;
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) return [{ path, message: 'is not a name for a param' }];
    if (param.default === undefined) return [];
    const message = paramFault(param, param.default as Json);
    return message ? [{ path: `${path}.default`, message }] : [];
  });
}

/** Why a value does not fit a param; null when it does. */
export function paramFault(
  param: { type: string; choices?: readonly unknown[] },
  value: Json,
): string | null {
  const fits: Record<string, boolean> = {
    string: typeof value === 'string',
    number: typeof value === 'number' && Number.isFinite(value),
    integer: Number.isSafeInteger(value),
    boolean: typeof value === 'boolean',
    json: true,
  };
  if (!fits[param.type]) return `must be of type ${param.type}`;
  if (param.choices && !param.choices.some((choice) => JSON.stringify(choice) === JSON.stringify(value))) {
    return `must be one of ${param.choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
  }
  return null;
}

function triggerProblems(spec: PipelineSpec): Problem[] {
  const problems: Problem[] = [];
  for (const [kind, triggers] of Object.entries(spec.on ?? {})) {
    for (const trigger of [triggers].flat()) {
      for (const name of Object.keys(trigger.params ?? {})) {
        if (!Object.hasOwn(spec.params ?? {}, name)) {
          problems.push({ path: `on.${kind}.params.${name}`, message: 'is no param of this pipeline' });
        }
      }
      problems.push(...templateProblems(trigger.params as Json, `on.${kind}.params`, new Set(['event']), {}));
      if ('cron' in trigger) {
        try {
          new Cron(trigger.cron, { timezone: trigger.timezone ?? 'UTC', paused: true }).nextRun();
        } catch {
          problems.push({
            path: `on.${kind}.cron`,
            message: 'is not a cron expression, or its timezone is unknown',
          });
        }
      }
    }
  }
  return problems;
}

function graphProblems(spec: PipelineSpec): Problem[] {
  const problems: Problem[] = [];
  for (const [name, job] of Object.entries(spec.jobs)) {
    if (!/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/.test(name)) {
      problems.push({ path: `jobs.${name}`, message: 'is not a name for a job: letters, digits, _ and -' });
    }
    for (const need of needsOf(job)) {
      if (!Object.hasOwn(spec.jobs, need)) {
        problems.push({ path: `jobs.${name}.needs`, message: `names the job "${need}", which is not there` });
      }
    }
  }
  if (problems.length > 0) return problems;
  const cycle = findCycle(spec);
  return cycle ? [{ path: `jobs.${cycle[0]}.needs`, message: `makes a circle: ${cycle.join(' → ')}` }] : [];
}

function findCycle(spec: PipelineSpec): string[] | null {
  const done = new Set<string>();
  const visit = (name: string, trail: string[]): string[] | null => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    if (done.has(name)) return null;
    for (const need of needsOf(spec.jobs[name])) {
      const cycle = visit(need, [...trail, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return null;
  };
  for (const name of Object.keys(spec.jobs)) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return null;
}

/** All jobs that must have ended before a job may start, near and far. */
export function ancestorsOf(spec: PipelineSpec, name: string): Set<string> {
  const found = new Set<string>();
  const visit = (job: string): void => {
    for (const need of needsOf(spec.jobs[job])) {
      if (found.has(need)) continue;
      found.add(need);
      if (Object.hasOwn(spec.jobs, need)) visit(need);
    }
  };
  visit(name);
  return found;
}

function jobProblems(spec: PipelineSpec, name: string, job: JobSpec, steps: StepNames): Problem[] {
  const path = `jobs.${name}`;
  const problems: Problem[] = [];
  if ((job.uses === undefined) === (job.run === undefined)) {
    problems.push({ path, message: 'needs either "uses" or "run"' });
  }
  if (job.uses !== undefined && !steps.has(job.uses)) {
    const known = steps.names().join(', ') || 'none';
    problems.push({
      path: `${path}.uses`,
      message: `names the step "${job.uses}", which is unknown; known are ${known}`,
    });
  }
  const names = new Set(['params', 'jobs', 'needs', 'run']);
  if (job.strategy) names.add('matrix');
  const jobs = ancestorsOfSafe(spec, name);
  const context = { params: new Set(Object.keys(spec.params ?? {})), jobs };
  const check = (value: unknown, at: string, known = names) =>
    templateProblems(value as Json, `${path}.${at}`, known, context);
  problems.push(...check(job.with, 'with'), ...check(job.run, 'run'), ...check(job.env, 'env'));
  const beforeMatrix = new Set(['params', 'jobs', 'needs', 'run']);
  problems.push(...check(job.strategy?.matrix, 'strategy.matrix', beforeMatrix));
  problems.push(...matrixProblems(job, path));
  if (typeof job.if === 'string') problems.push(...conditionProblems(job.if, `${path}.if`, names, context));
  return problems;
}

/** What is wrong with a matrix that needs no expression to be known. */
function matrixProblems(job: JobSpec, path: string): Problem[] {
  if (!job.strategy || JSON.stringify(job.strategy.matrix).includes('${{')) return [];
  try {
    expandMatrix(job.strategy.matrix as Json);
    return [];
  } catch (error) {
    return [{ path: `${path}.strategy.matrix`, message: (error as Error).message.replace(/\.$/, '') }];
  }
}

/** Ancestors even of a graph that is broken; the graph's own problems are reported apart. */
function ancestorsOfSafe(spec: PipelineSpec, name: string): ReadonlySet<string> {
  return new Set([...ancestorsOf(spec, name)].filter((job) => Object.hasOwn(spec.jobs, job)));
}

type Known = { params?: ReadonlySet<string>; jobs?: ReadonlySet<string> };

function conditionProblems(text: string, path: string, names: ReadonlySet<string>, known: Known): Problem[] {
  try {
    return expressionProblems(parseCondition(text), path, names, known);
  } catch (error) {
    return [{ path, message: (error as Error).message }];
  }
}

function templateProblems(
  value: Json | undefined,
  path: string,
  names: ReadonlySet<string>,
  known: Known,
): Problem[] {
  if (typeof value === 'string') {
    try {
      return parseTemplate(value).flatMap((part) =>
        'expression' in part ? expressionProblems(part.expression, path, names, known) : [],
      );
    } catch (error) {
      return [{ path, message: (error as Error).message.replace(/\.$/, '') }];
    }
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value as JsonObject).flatMap(([key, item]) =>
    templateProblems(item, `${path}.${key}`, names, known),
  );
}

function expressionProblems(
  expression: Expression,
  path: string,
  names: ReadonlySet<string>,
  known: Known,
): Problem[] {
  const problems: Problem[] = [];
  for (const part of walk(expression)) {
    if (part.kind === 'call' && !functionNames.has(part.name)) {
      problems.push({ path, message: `there is no function "${part.name}"` });
    }
  }
  for (const [root, name, third] of referencesIn(expression)) {
    if (!names.has(root)) {
      problems.push({ path, message: `"${root}" is unknown here; known are ${[...names].join(', ')}` });
    } else if (root === 'params' && name !== undefined && known.params && !known.params.has(name)) {
      problems.push({ path, message: `there is no param "${name}"` });
    } else if ((root === 'jobs' || root === 'needs') && name !== undefined) {
      if (known.jobs && !known.jobs.has(name)) {
        problems.push({ path, message: `the job "${name}" is not among what this job needs` });
      } else if (third !== undefined && third !== 'outputs' && third !== 'result') {
        problems.push({ path, message: `a job has "outputs" and "result", not "${third}"` });
      }
    }
  }
  return problems;
}
