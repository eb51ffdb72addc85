import { randomUUID } from 'node:crypto';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { isAnyOf } from '../bulk.store.ts';
import { experimentsError } from '../experiments.contract.ts';
import { decodeOffset, encodeOffset, type Grammar, parseFilter } from '../search/filter.model.ts';
import { matchesClause } from '../search/matches.model.ts';
import { activeExperiment } from '../tracking/experiments.service.ts';

export const issueStatuses = ['pending', 'rejected', 'resolved'] as const;
export type IssueStatus = (typeof issueStatuses)[number];
/** From the least to the worst. */
export const issueSeverities = ['not_an_issue', 'low', 'medium', 'high'] as const;
export type IssueSeverity = (typeof issueSeverities)[number];

export type IssueRow = {
  id: string;
  experiment_id: number;
  name: string;
  description: string;
  status: string;
  severity: string | null;
  /** JSON of a list of texts. */
  root_causes: string;
  /** JSON of a list of texts. */
  categories: string;
  source_run_id: string | null;
  created_by: string | null;
  created_at: number;
  updated_at: number;
};

/** Something that is wrong in traces; a trace names it by an assessment of the kind `issue`. */
export type Issue = {
  id: string;
  experimentId: number;
  name: string;
  description: string;
  status: IssueStatus;
  severity: IssueSeverity | null;
  rootCauses: string[];
  categories: string[];
  /** The run that found it. */
  sourceRunId: string | null;
  createdBy: string | null;
  createdAt: number;
  updatedAt: number;
  /** How many traces have it; null unless it was asked for. */
  traces: number | null;
};

const toIssue = (row: IssueRow, traces: number | null = null): Issue => ({
  id: row.id,
  experimentId: row.experiment_id,
  name: row.name,
  description: row.description,
  status: row.status as IssueStatus,
  severity: row.severity as IssueSeverity | null,
  rootCauses: JSON.parse(row.root_causes) as string[],
  categories: JSON.parse(row.categories) as string[],
  sourceRunId: row.source_run_id,
  createdBy: row.created_by,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  traces,
});

const missing = () => experimentsError('experiments.issue.not_found', 'There is no issue with this id.');

function checkWords({
  name,
  description,
}: {
  name?: string | undefined;
  description?: string | undefined;
}): void {
  if (name !== undefined && (name.trim() === '' || name.length > 500)) {
    throw experimentsError('experiments.input.invalid', 'The name of an issue has 1 to 500 characters.');
  }
  if (description !== undefined && description.length > 100_000) {
    throw experimentsError('experiments.input.invalid', 'A description has at most 100,000 characters.');
  }
}

export type NewIssue = Omit<Issue, 'id' | 'createdAt' | 'updatedAt' | 'traces'>;

/** @throws experiments.input.invalid, experiments.experiment.not_found */
export async function createIssue(scope: Scope, input: NewIssue): Promise<Issue> {
  authorise(scope, 'experiments.write');
  checkWords(input);
  return transact(scope, async (tx) => {
    await activeExperiment(tx, input.experimentId);
    const now = tx.now();
    const row: IssueRow = {
      id: `iss-${randomUUID().replaceAll('-', '')}`,
      experiment_id: input.experimentId,
      name: input.name,
      description: input.description,
      status: input.status,
      severity: input.severity,
      root_causes: JSON.stringify(input.rootCauses),
      categories: JSON.stringify(input.categories),
      source_run_id: input.sourceRunId,
      created_by: input.createdBy,
      created_at: now,
      updated_at: now,
    };
    await tx.db.insertInto('experiments_issues').values(row).execute();
    await note(tx, 'created', row);
    return toIssue(row);
  });
}

const note = (tx: Scope, what: string, row: IssueRow) =>
  record(tx, {
    type: `experiments.issue.${what}`,
    subject: `issue:${row.id}`,
    data: { issue: row.id, experiment: row.experiment_id, name: row.name, status: row.status },
  });

/** @throws experiments.issue.not_found */
export async function getIssue(scope: Scope, id: string): Promise<Issue> {
  const row = await scope.db
    .selectFrom('experiments_issues')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw missing();
  return toIssue(row);
}

export type IssueChange = {
  name?: string | undefined;
  description?: string | undefined;
  status?: IssueStatus | undefined;
  severity?: IssueSeverity | undefined;
};

/** Changes what is given. @throws experiments.issue.not_found, experiments.input.invalid */
export async function updateIssue(scope: Scope, id: string, change: IssueChange): Promise<Issue> {
  authorise(scope, 'experiments.write');
  checkWords(change);
  const { name, description, status, severity } = change;
  return transact(scope, async (tx) => {
    const row = await tx.db
      .updateTable('experiments_issues')
      .set({
        updated_at: tx.now(),
        ...(name !== undefined && { name }),
        ...(description !== undefined && { description }),
        ...(status !== undefined && { status }),
        ...(severity !== undefined && { severity }),
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (!row) throw missing();
    await note(tx, 'updated', row);
    return toIssue(row);
  });
}

const grammar: Grammar = {
  kinds: ['attribute'],
  attributes: { status: 'text', source_run_id: 'text' },
  lists: [],
};

export type IssueSearch = {
  experimentId?: number | undefined;
  filter?: string | undefined;
  limit: number;
  token?: string | undefined;
  /** Whether to count the traces of each. */
  withTraces: boolean;
};

/** A page of issues: the worst first, then those of most traces when they are counted, then the newest. @throws experiments.search.invalid */
export async function searchIssues(
  scope: Scope,
  search: IssueSearch,
): Promise<{ issues: Issue[]; next: string | null }> {
  const { limit, experimentId } = search;
  if (!Number.isInteger(limit) || limit < 1 || limit > 50_000) {
    throw experimentsError('experiments.search.invalid', 'max_results is a whole number from 1 to 50000.');
  }
  const clauses = parseFilter(search.filter, grammar);
  if (clauses.some(({ operator }) => operator !== '=' && operator !== '!=')) {
    throw experimentsError('experiments.search.invalid', 'Issues are compared with = and !=.');
  }
  const offset = decodeOffset(search.token);
  let query = scope.db.selectFrom('experiments_issues').selectAll();
  if (experimentId !== undefined) query = query.where('experiment_id', '=', experimentId);
  const rows = (await query.execute()).filter(({ status, source_run_id }) =>
    clauses.every((clause) => matchesClause({ attributes: { status, source_run_id }, tags: {} }, clause)),
  );
  const counts = search.withTraces
    ? await tracesOf(
        scope,
        rows.map(({ id }) => id),
      )
    : null;
  const found = rows.map((row) => toIssue(row, counts && (counts.get(row.id) ?? 0))).sort(byWeight);
  const next = found.length > offset + limit ? encodeOffset(offset + limit) : null;
  return { issues: found.slice(offset, offset + limit), next };
}

const rank = (issue: Issue) => (issue.severity === null ? -1 : issueSeverities.indexOf(issue.severity));

const byWeight = (a: Issue, b: Issue) =>
  rank(b) - rank(a) ||
  (b.traces ?? 0) - (a.traces ?? 0) ||
  b.createdAt - a.createdAt ||
  (a.id < b.id ? 1 : -1);

async function tracesOf(scope: Scope, ids: readonly string[]): Promise<Map<string, number>> {
  const rows = await scope.db
    .selectFrom('experiments_assessments')
    .select((select) => ['name', select.fn.count<number>('trace_id').distinct().as('count')])
    .where('kind', '=', 'issue')
    .where(isAnyOf(scope.db, 'name', ids))
    .groupBy('name')
    .execute();
  return new Map(rows.map(({ name, count }) => [name, Number(count)]));
}
