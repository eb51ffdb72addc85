import { Readable } from 'node:stream';
import Type from 'typebox';
import { isoTime } from '../../../platform/clock.ts';
import { platformError } from '../../../platform/errors.ts';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { Name } from '../../../platform/names.ts';
import type { RolloutController } from '../rollouts/controller.ts';
import type { ServingState } from '../serving.state.ts';
import { timeOr } from '../time-input.ts';
import * as contract from './feedback.contract.ts';
import { acceptFeedback, feedbackHistory, toFeedback } from './feedback.service.ts';
import { acceptFeedbackFile, type FeedbackFormat } from './feedback-file.ts';

const tags = ['serving'];
const formats: Record<string, FeedbackFormat> = {
  'text/csv': 'csv',
  'application/x-ndjson': 'ndjson',
  'application/vnd.apache.parquet': 'parquet',
};

/** Outcomes and rewards of predictions: one by one, in bulk, and what was said about one. */
export function feedbackRoutes(app: HoustonApp, state: ServingState, controller: RolloutController): void {
  app.post(
    '/api/serving/feedback',
    {
      bodyLimit: 32 * 1024 * 1024,
      schema: {
        summary: 'Takes outcomes and rewards by prediction id, or by entity and time',
        tags,
        body: contract.FeedbackBody,
        response: { 200: contract.FeedbackReply },
      },
    },
    async ({ scope, body }) => {
      const now = scope.now();
      const items = body.items.map((item) => toFeedback(item, timeOr(item.time, now), body.deployment));
      return acceptFeedback(state, controller, scope, items, body.windowHours);
    },
  );
  app.post(
    '/api/serving/feedback/files',
    {
      schema: {
        summary: 'Takes outcomes from a CSV, NDJSON or Parquet file',
        tags,
        consumes: Object.keys(formats),
        querystring: Type.Object({
          deployment: Type.Optional(Name),
          windowHours: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 87_600 })),
        }),
        response: { 200: contract.FeedbackFileReply },
      },
    },
    async (request) => {
      const body: unknown = request.body;
      const format = formats[request.headers['content-type']?.split(';', 1)[0].trim().toLowerCase() ?? ''];
      if (!format || !(body instanceof Readable))
        throw platformError('platform.media_type.unsupported', 'Feedback comes as CSV, NDJSON or Parquet.');
      try {
        return await acceptFeedbackFile(state, controller, request.scope, body, format, request.query);
      } finally {
        // The caller reads the reply only after it has sent everything.
        if (!request.raw.readableEnded) request.raw.resume();
      }
    },
  );
  app.get(
    '/api/serving/predictions/:id/feedback',
    {
      schema: {
        summary: 'Every outcome and reward that was told of a prediction, newest first',
        tags,
        params: Type.Object({ id: Type.String({ maxLength: 300 }) }),
        response: { 200: contract.FeedbackHistory },
      },
    },
    async ({ params }) => {
      const words = await feedbackHistory(state, params.id);
      return {
        items: words.map(({ value, reward, time, received }) => ({
          value,
          reward,
          time: isoTime(time),
          received: isoTime(received),
        })),
      };
    },
  );
}
