import Type from 'typebox';
import { digestJson } from '../../../platform/digest.ts';
import type { HoustonApp } from '../../../platform/http/app.ts';
import type { Json } from '../../../platform/json.ts';
import { Name } from '../../../platform/names.ts';
import { authorise, type Scope } from '../../../platform/scope.ts';
import { getDeployment } from '../deployments.service.ts';
import type { ServingState } from '../serving.state.ts';
import * as contract from './explanation.contract.ts';
import { defaultSettings, reasonCodes, type Settings } from './explanation.model.ts';
import { recordedSubject, requestedSubject } from './explanation.subjects.ts';
import { createExplanationDesk } from './explanation-desk.ts';
import { type Explanation, explain, type Subject } from './explanations.service.ts';

const tags = ['serving'];
/** A reply waits so long for the result before it says how far it is. */
const waitMs = 1500;
const response = { 200: contract.ExplanationReply, 202: contract.RunningReply };

/** Explanations on request: of a recorded prediction, and of a row that was never sent. */
export function explanationRoutes(app: HoustonApp, state: ServingState): void {
  const desk = createExplanationDesk<Explanation>();
  app.addHook('preClose', () => desk.close());
  state.forgetters.add(() => desk.clear());

  /** `given` is the row of a request, of which the vector may hold only a part. */
  const ask = async (
    scope: Scope,
    subject: Subject,
    input: contract.ExplanationSettingsInput,
    given: object | null = null,
  ) => {
    const settings: Settings = { ...defaultSettings, ...input };
    const { spec } = await getDeployment(scope, subject.deployment);
    const { deployment, revision, prediction } = subject;
    const id = prediction?.id ?? null;
    const asked = { deployment, revision, id, vector: Array.from(subject.vector, String), given, settings };
    const key = digestJson(asked as unknown as Json);
    const answer = await desk.ask(key, waitMs, (progress) =>
      explain(state, scope, subject, settings, progress),
    );
    if (answer.state === 'running') return { status: 202 as const, body: { ...answer, deployment } };
    const { result, isKept } = answer;
    const reasons = reasonCodes(result.features, result.link, spec.reasons ?? {});
    return { status: 200 as const, body: { state: 'done' as const, ...result, reasons, cached: isKept } };
  };

  app.post(
    '/api/serving/predictions/:id/explanation',
    {
      schema: {
        summary: 'Explains a recorded prediction; 202 while it is worked out, ask again for the result',
        tags,
        params: Type.Object({ id: Type.String({ maxLength: 300 }) }),
        body: contract.ExplanationBody,
        response,
      },
    },
    async ({ scope, params, body }, reply) => {
      authorise(scope, 'read');
      const answer = await ask(scope, await recordedSubject(state, scope, params.id), body);
      return reply.status(answer.status).send(answer.body);
    },
  );
  app.post(
    '/api/serving/deployments/:name/explain',
    {
      schema: {
        summary: 'Explains what a deployment would answer to a row; 202 while it is worked out, ask again',
        tags,
        params: Type.Object({ name: Name }),
        body: contract.ExplainRequestBody,
        response,
      },
    },
    async ({ scope, params, body }, reply) => {
      // It runs the model, and its reply tells what recorded rows are like.
      authorise(scope, 'serving.infer');
      const { row, eventTime, version, ...settings } = body;
      // The features of a row may depend on its time, so asking on for the result needs the time of the first call.
      const subject = await requestedSubject(state, scope, params.name, {
        row,
        ...(eventTime !== undefined && { eventTime }),
        ...(version !== undefined && { version }),
      });
      const answer = await ask(scope, subject, settings, { row, eventTime: eventTime ?? null });
      return reply.status(answer.status).send(answer.body);
    },
  );
}
