import {
  type Issue,
  issueSeverities,
  issueStatuses,
  type TrackingDoor,
} from '../../domains/experiments/index.ts';
import { experimentId, parseExperimentId } from './experiments.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';

const wireIssue = (issue: Issue) => ({
  issue_id: issue.id,
  experiment_id: String(issue.experimentId),
  name: issue.name,
  description: issue.description,
  status: issue.status,
  ...(issue.severity !== null && { severity: issue.severity }),
  root_causes: issue.rootCauses,
  categories: issue.categories,
  ...(issue.sourceRunId !== null && { source_run_id: issue.sourceRunId }),
  ...(issue.createdBy !== null && { created_by: issue.createdBy }),
  created_timestamp: issue.createdAt,
  last_updated_timestamp: issue.updatedAt,
  ...(issue.traces !== null && { trace_count: issue.traces }),
});

const statusOf = (fields: Fields) => fields.choice('status', issueStatuses, {});
const severityOf = (fields: Fields) => fields.choice('severity', issueSeverities, {});
const since = 3;

/** What is wrong in traces; a trace names it by an assessment. */
export function issueRoutes({ issues }: TrackingDoor): MlflowRoute[] {
  return [
    {
      method: 'POST',
      since,
      path: 'issues',
      handle: async (scope, fields) => {
        const made = await issues.createIssue(scope, {
          experimentId: experimentId(fields),
          name: fields.text('name'),
          description: fields.optionalText('description') ?? '',
          status: statusOf(fields) ?? 'pending',
          severity: severityOf(fields) ?? null,
          rootCauses: fields.texts('root_causes'),
          categories: fields.texts('categories'),
          sourceRunId: fields.optionalText('source_run_id') || null,
          createdBy: fields.optionalText('created_by') || null,
        });
        return { issue: wireIssue(made) };
      },
    },
    {
      method: 'GET',
      since,
      path: 'issues/:issue',
      handle: async (scope, _fields, { issue }) => ({
        issue: wireIssue(await issues.getIssue(scope, issue!)),
      }),
    },
    {
      method: 'PATCH',
      since,
      path: 'issues/:issue',
      handle: async (scope, fields, { issue }) => {
        const change = {
          name: fields.optionalText('name'),
          description: fields.optionalText('description'),
          status: statusOf(fields),
          severity: severityOf(fields),
        };
        return { issue: wireIssue(await issues.updateIssue(scope, issue!, change)) };
      },
    },
    {
      method: 'POST',
      since,
      path: 'issues/search',
      handle: async (scope, fields) => {
        const experiment = fields.optionalText('experiment_id') || undefined;
        const found = await issues.searchIssues(scope, {
          experimentId:
            experiment === undefined ? undefined : parseExperimentId(experiment, fields.at('experiment_id')),
          filter: fields.optionalText('filter_string'),
          limit: fields.optionalInteger('max_results') ?? 100,
          token: fields.optionalText('page_token') || undefined,
          withTraces: fields.flag('include_trace_count'),
        });
        return { issues: found.issues.map(wireIssue), next_page_token: found.next ?? '' };
      },
    },
  ];
}
