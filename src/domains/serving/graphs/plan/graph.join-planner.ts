import type { TensorSpec } from '../../runtime/tensors.ts';
import type { GraphNodeInput } from '../graph.contract.ts';
import { graphInvalid } from '../graph.errors.ts';
import { planError } from './graph.error-planner.ts';
import { condition, formula } from './graph.formulas.ts';
import { type Branch, describe, isNumeric, type Part, type PlanNode } from './graph.plan.ts';
import type { Readable } from './graph.references.ts';

/** What joins and divides: ensembles, switches and splits. */

export function planEnsemble(
  name: string,
  node: GraphNodeInput,
  how: NonNullable<GraphNodeInput['ensemble']>,
  from: Readable,
): PlanNode {
  const references = node.of ?? [];
  const found = references.map((reference) => from.find(name, reference));
  const [first] = found;
  const refuse = (message: string, next: string) => graphInvalid({ node: name, message, next });
  found.forEach(({ width, spec }, i) => {
    if (width !== first.width || width < 0)
      throw refuse(
        `The ensemble "${name}" joins "${references[0]}" with ${first.width} values a row and "${references[i]}" with ${width}.`,
        'Name outputs of one width, such as NODE.OUTPUT[1].',
      );
    if (how === 'vote' ? spec.datatype !== first.spec.datatype : !isNumeric(spec.datatype))
      throw refuse(
        `The ensemble "${name}" cannot take "${references[i]}", which is ${spec.datatype}.`,
        how === 'vote' ? 'Votes are of one type.' : 'Name a number, or use vote.',
      );
  });
  const isSingle = found.every(({ spec }) => spec.datatype === 'FP32');
  const datatype = how === 'vote' ? first.spec.datatype : isSingle ? 'FP32' : 'FP64';
  const shape = first.part.count < 0 ? first.spec.shape : [-1];
  const outputs = [{ name: first.spec.name, datatype, shape }] satisfies TensorSpec[];
  return {
    kind: 'ensemble',
    name,
    how,
    members: found.map(({ part }) => part),
    weights: node.weights ?? found.map(() => 1),
    outputs,
    needs: [...new Set(found.map(({ part }) => part.node).filter((one) => one >= 0))],
    onError: planError(name, node, outputs),
  };
}

export function planSwitch(
  name: string,
  node: GraphNodeInput,
  cases: NonNullable<GraphNodeInput['switch']>,
  from: Readable,
): PlanNode {
  const tests = cases.map(({ when }) => condition(name, node, when, from));
  const uses = [...cases.map(({ use }) => use), node.default ?? ''];
  const { branches, outputs } = planBranches(name, uses, from);
  return { kind: 'switch', name, tests, branches, outputs, needs: tests[0].needs, onError: { kind: 'fail' } };
}

export function planSplit(
  name: string,
  node: GraphNodeInput,
  ways: NonNullable<GraphNodeInput['split']>,
  from: Readable,
): PlanNode {
  const by = formula(name, node, node.by ?? '', from);
  const { branches, outputs } = planBranches(
    name,
    ways.map(({ use }) => use),
    from,
  );
  const total = ways.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  const upTo = ways.map(({ weight }) => {
    sum += weight / total;
    return sum;
  });
  return { kind: 'split', name, by, upTo, branches, outputs, needs: by.needs, onError: { kind: 'fail' } };
}

/** Branches give the same outputs: those of the same name, or the only one of each. */
function planBranches(
  name: string,
  uses: readonly string[],
  from: Readable,
): { branches: Branch[]; outputs: TensorSpec[] } {
  const all = uses.map((use) => from.findAll(name, use));
  const areSingle = all.every((outputs) => outputs.length === 1);
  const shared = areSingle
    ? all[0]
    : all[0].filter(({ spec }) => all.every((outputs) => outputs.some((one) => one.spec.name === spec.name)));
  if (shared.length === 0) {
    throw graphInvalid({
      node: name,
      message: `The branches of "${name}" have no output in common.`,
      next: 'Name one output of each branch, such as NODE.OUTPUT.',
    });
  }
  const outputs: TensorSpec[] = [];
  const parts: Part[][] = uses.map(() => []);
  for (const { spec, width, part } of shared) {
    const same = all.map((found) =>
      areSingle ? found[0] : found.find((one) => one.spec.name === spec.name)!,
    );
    same.forEach((one, i) => {
      const fits =
        one.width === width &&
        (one.spec.datatype === spec.datatype || (isNumeric(spec.datatype) && isNumeric(one.spec.datatype)));
      if (!fits || width < 0) {
        throw graphInvalid({
          node: name,
          message: `The branches "${uses[0]}" and "${uses[i]}" of "${name}" give ${spec.name} as ${describe(spec)} and ${describe(one.spec)}.`,
          next: 'Bring them to one type and width with a transform.',
        });
      }
      parts[i].push(one.part);
    });
    const isSame = same.every((one) => one.spec.datatype === spec.datatype);
    outputs.push({
      name: spec.name,
      datatype: isSame ? spec.datatype : 'FP64',
      shape: part.count < 0 ? spec.shape : [-1],
    });
  }
  const branches = uses.map((label, i) => ({ target: all[i][0].part.node, label, parts: parts[i] }));
  return { branches, outputs };
}
