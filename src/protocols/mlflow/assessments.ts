import type { TrackingDoor } from '../../domains/experiments/index.ts';
import { readAssessment, readMask, readValue, wireAssessment } from './assessments-wire.ts';
import { invalid, missing } from './errors.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';

function bodyOf(fields: Fields): Fields {
  const assessment = fields.optionalMessage('assessment');
  if (!assessment) throw missing('assessment');
  return assessment;
}

/** Feedback and expectations on traces. */
export function assessmentRoutes(tracking: TrackingDoor): MlflowRoute[] {
  const path = 'traces/:trace/assessments/:assessment';
  return [
    {
      method: 'POST',
      since: 3,
      path: 'traces/:trace/assessments',
      handle: async (scope, fields, { trace }) => {
        const { id: _id, ...input } = readAssessment(bodyOf(fields), trace!);
        return { assessment: wireAssessment(await tracking.addAssessment(scope, input)) };
      },
    },
    {
      method: 'GET',
      since: 3,
      path,
      handle: async (scope, _fields, { trace, assessment }) => ({
        assessment: wireAssessment(await tracking.getAssessment(scope, trace!, assessment!)),
      }),
    },
    {
      method: 'PATCH',
      since: 3,
      path,
      handle: async (scope, fields, { trace, assessment }) => {
        const change = readChange(bodyOf(fields), readMask(fields));
        return {
          assessment: wireAssessment(await tracking.changeAssessment(scope, trace!, assessment!, change)),
        };
      },
    },
    {
      method: 'DELETE',
      since: 3,
      path,
      handle: async (scope, _fields, { trace, assessment }) => {
        await tracking.removeAssessment(scope, trace!, assessment!);
        return {};
      },
    },
  ];
}

function readChange(body: Fields, paths: readonly string[]) {
  const known = ['assessment_name', 'expectation', 'feedback', 'rationale', 'metadata', 'valid'];
  const other = paths.find((path) => !known.includes(path));
  if (other !== undefined) throw invalid('update_mask', `it names some of ${known.join(', ')}.`);
  const has = (path: string) => paths.includes(path);
  const value = has('expectation') || has('feedback') ? readValue(body) : undefined;
  if (value?.kind === 'issue') throw invalid('update_mask', 'an issue is not changed.');
  return {
    ...(has('assessment_name') && { name: body.text('assessment_name') }),
    ...(value && { value: { ...value, kind: value.kind as 'feedback' | 'expectation' } }),
    ...(has('rationale') && { rationale: body.optionalText('rationale') ?? '' }),
    ...(has('metadata') && { metadata: body.record('metadata') }),
    ...(has('valid') && { isValid: body.flag('valid') }),
  };
}
