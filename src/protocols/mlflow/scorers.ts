import type { ScorerVersion, TrackingDoor } from '../../domains/experiments/index.ts';
import { invalid, MlflowError } from './errors.ts';
import { experimentId, parseExperimentId } from './experiments.ts';
import type { MlflowRoute } from './routes.ts';

const wireScorer = (scorer: ScorerVersion) => ({
  experiment_id: scorer.experimentId,
  scorer_name: scorer.name,
  scorer_version: scorer.version,
  serialized_scorer: scorer.content,
  creation_time: scorer.createdAt,
  scorer_id: scorer.scorerId,
});

const since = 3;

/** Registered scorers: texts that only clients run. */
export function scorerRoutes({ scorers }: TrackingDoor): MlflowRoute[] {
  return [
    {
      method: 'POST',
      since,
      path: 'scorers/register',
      handle: async (scope, fields) => {
        const made = await scorers.registerScorer(scope, {
          experimentId: experimentId(fields),
          name: fields.text('name'),
          content: fields.text('serialized_scorer'),
        });
        return {
          version: made.version,
          scorer_id: made.scorerId,
          experiment_id: String(made.experimentId),
          name: made.name,
          serialized_scorer: made.content,
          creation_time: made.createdAt,
        };
      },
    },
    {
      method: 'GET',
      since,
      path: 'scorers/list',
      handle: async (scope, fields) => {
        const one = fields.optionalText('experiment_id') ?? '';
        const many = fields.texts('experiment_ids').map((id) => parseExperimentId(id, 'experiment_ids'));
        if (one !== '' && many.length > 0) throw invalid('experiment_ids', 'name one or several, not both.');
        const ids = one !== '' ? [parseExperimentId(one, 'experiment_id')] : many.length > 0 ? many : null;
        return { scorers: (await scorers.listScorers(scope, ids)).map(wireScorer) };
      },
    },
    {
      method: 'GET',
      since,
      path: 'scorers/versions',
      handle: async (scope, fields) => {
        const found = await scorers.scorerVersions(scope, experimentId(fields), fields.text('name'));
        return { scorers: found.map(wireScorer) };
      },
    },
    {
      method: 'GET',
      since,
      path: 'scorers/get',
      handle: async (scope, fields) => {
        const version = fields.optionalInteger('version');
        const name = fields.text('name');
        return { scorer: wireScorer(await scorers.getScorer(scope, experimentId(fields), name, version)) };
      },
    },
    {
      method: 'DELETE',
      since,
      path: 'scorers/delete',
      handle: async (scope, fields) => {
        const version = fields.optionalInteger('version');
        await scorers.deleteScorer(scope, experimentId(fields), fields.text('name'), version);
        return {};
      },
    },
    { method: 'GET', since, path: 'scorers/online-configs', handle: () => ({ configs: [] }) },
    {
      method: 'PUT',
      since,
      path: 'scorers/online-config',
      handle: () => {
        throw new MlflowError(
          'NOT_IMPLEMENTED',
          'This server runs no scorers, for they are code of their authors. Run mlflow.genai.evaluate over ' +
            'mlflow.search_traces on a schedule of your own, such as a step of a pipeline.',
        );
      },
    },
  ];
}
