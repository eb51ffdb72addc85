import { defineErrors, HoustonError } from '../../../platform/errors.ts';

const table = {
  'serving.graph.invalid': {
    status: 422,
    next: 'Correct the node that the message names; nothing was changed.',
  },
  'serving.graph.none': {
    status: 404,
    next: 'Ask about a deployment or prediction that a graph answers; GET …/deployments/NAME names its revision.',
  },
} as const;

export const graphError = defineErrors(table);

/** Something wrong with a graph: where, what, and what to do about it. */
export type GraphProblem = { node: string | null; message: string; next: string };

/** The problem as an error that the API tells. */
export function graphInvalid({ node, message, next }: GraphProblem): HoustonError {
  return new HoustonError('serving.graph.invalid', message, {
    status: table['serving.graph.invalid'].status,
    next,
    details: { node },
  });
}
