import {
  type DocumentNode,
  execute,
  type GraphQLFieldResolver,
  getOperationAST,
  parse,
  validate,
} from 'graphql';
import { errorText } from '../../platform/log.ts';
import type { Scope } from '../../platform/scope.ts';
import { MlflowError, toMlflowError } from './errors.ts';
import { Fields, readBody } from './fields.ts';
import { queryProblem } from './graphql-guard.ts';
import { trackingSchema } from './graphql-schema.ts';
import type { MlflowRoute } from './routes.ts';

type Values = Record<string, unknown>;
type Context = {
  scope: Scope;
  call: (path: string, input: Values) => Promise<Values>;
  memory: Map<string, unknown>;
};
type Resolver = GraphQLFieldResolver<unknown, Context>;

/** Fields of the root and the calls of the REST interface that answer them. */
const calls: Readonly<Record<string, string>> = {
  mlflowGetExperiment: 'experiments/get',
  mlflowGetRun: 'runs/get',
  mlflowGetMetricHistoryBulkInterval: 'metrics/get-history-bulk-interval',
  mlflowListArtifacts: 'artifacts/list',
  mlflowSearchModelVersions: 'model-versions/search',
  mlflowSearchRuns: 'runs/search',
  mlflowSearchDatasets: 'experiments/search-datasets',
};

const mostTokens = 4000;
/** A page of a search; what the REST interface gives in one answer is more than a page shows. */
const mostRuns = 1000;

export type GraphqlReply = { status: number; body: object };

/** Answers queries by the functions behind the REST interface. */
export function createGraphql(
  routes: readonly MlflowRoute[],
): (scope: Scope, given: Values) => Promise<GraphqlReply> {
  const schema = trackingSchema();
  const handlers = new Map(routes.map((route) => [route.path, route.handle]));
  const contextOf = (scope: Scope): Context => ({
    scope,
    memory: new Map(),
    async call(path, input) {
      const answer: unknown = await handlers.get(path)!(scope, new Fields(input), {});
      return (typeof answer === 'string' ? JSON.parse(answer) : answer) as Values;
    },
  });
  return async (scope, given) => {
    const document = readDocument(given.query);
    const name = typeof given.operationName === 'string' ? given.operationName : null;
    const problems = validate(schema, document);
    if (problems.length > 0 || !getOperationAST(document, name)) {
      const messages = problems.length > 0 ? problems.map(({ message }) => message) : ['Name the operation.'];
      return { status: 400, body: { errors: messages.map((message) => ({ message })) } };
    }
    const { data, errors } = await execute({
      schema,
      document,
      operationName: name,
      variableValues: readVariables(given.variables),
      contextValue: contextOf(scope),
      fieldResolver: resolve,
    });
    return {
      status: 200,
      body: { data, ...(errors && { errors: errors.map((error) => wireError(error, scope)) }) },
    };
  };
}

function readDocument(query: unknown): DocumentNode {
  if (typeof query !== 'string') throw new MlflowError('INVALID_PARAMETER_VALUE', 'Send a text "query".');
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens: mostTokens, noLocation: true });
  } catch (error) {
    throw new MlflowError('INVALID_PARAMETER_VALUE', `The query is refused: ${(error as Error).message}`);
  }
  const problem = queryProblem(document);
  if (problem) throw new MlflowError('INVALID_PARAMETER_VALUE', `The query is refused: ${problem}.`);
  return document;
}

function readVariables(value: unknown): Values {
  const parsed = typeof value === 'string' && value !== '' ? readBody(value) : (value ?? {});
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new MlflowError('INVALID_PARAMETER_VALUE', 'The variables are a JSON object.');
  }
  return parsed as Values;
}

function wireError(
  error: { message: string; path?: unknown; originalError?: Error | undefined },
  scope: Scope,
) {
  const { originalError: cause, path } = error;
  if (!cause) return { message: error.message, path };
  const { code, message, status } = toMlflowError(cause);
  if (status >= 500) scope.log.error('a query failed', { error: errorText(cause) });
  return { message, path, extensions: { code } };
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const resolve: Resolver = (source, args, context, { fieldName, parentType }) => {
  const path = parentType.name === 'Query' || parentType.name === 'Mutation' ? calls[fieldName] : undefined;
  if (path !== undefined) return context.call(path, readInput(path, args.input as Values | undefined));
  const values = source as Values;
  if (parentType.name === 'MlflowRun' && fieldName === 'experiment') return experimentOf(values, context);
  if (parentType.name === 'MlflowRun' && fieldName === 'modelVersions') return versionsOf(values, context);
  const value = values[snake(fieldName)];
  // NaN and infinities travel as words, for which this language has no number.
  return fieldName === 'value' && parentType.name.startsWith('MlflowMetric') && typeof value === 'string'
    ? null
    : value;
};

function readInput(path: string, input: Values = {}): Values {
  const values = Object.fromEntries(Object.entries(input).map(([key, value]) => [snake(key), value]));
  if (path !== 'runs/search') return values;
  const wanted = typeof values.max_results === 'number' ? values.max_results : mostRuns;
  return { ...values, max_results: Math.min(wanted, mostRuns) };
}

/** Asks once per request, however many runs want the same. */
function once<T>({ memory }: Context, key: string, ask: () => Promise<T>): Promise<T> {
  if (!memory.has(key)) memory.set(key, ask());
  return memory.get(key) as Promise<T>;
}

function experimentOf(run: Values, context: Context): Promise<unknown> {
  const { experiment_id: id } = run.info as { experiment_id: string };
  const ask = async () => (await context.call('experiments/get', { experiment_id: id })).experiment;
  return once(context, `experiment ${id}`, ask);
}

async function versionsOf(run: Values, context: Context): Promise<unknown[]> {
  const { run_id: id } = run.info as { run_id: string };
  const byRun = await once(context, 'versions', async () => {
    const { model_versions: all } = await context.call('model-versions/search', { max_results: 200_000 });
    return Map.groupBy(all as { run_id?: string }[], ({ run_id: one }) => one);
  });
  return byRun.get(id) ?? [];
}
