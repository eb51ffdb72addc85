import Type from 'typebox';
import { isoTime } from '../../platform/clock.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import {
  DatasetParams,
  Limit,
  Open,
  ValidationDetail,
  ValidationId,
  ValidationReply,
  VersionParams,
} from './data.contract.ts';
import * as service from './data.service.ts';
import { versionRef } from './data.steps.ts';
import type { Validation } from './data.store.ts';
import { writeReport } from './expectations/suite.model.ts';
import { validateVersion } from './explore.service.ts';

const tags = ['data'];

const showValidation = (validation: Validation) => ({
  ...validation,
  createdAt: isoTime(validation.createdAt),
});

/** Reports: judging a version anew, and reading what was found. */
export function validationRoutes(app: HoustonApp): void {
  app.post(
    '/api/data/datasets/:name/versions/:version/validations',
    {
      schema: {
        summary: 'Judge a version by the current expectations',
        tags,
        params: VersionParams,
        response: { 201: ValidationDetail },
      },
    },
    async ({ scope, params }, reply) => {
      const { validation, report } = await validateVersion(scope, params.name, versionRef(params.version));
      return reply.status(201).send({ ...showValidation(validation), report });
    },
  );

  app.get(
    '/api/data/datasets/:name/validations',
    {
      schema: {
        summary: 'List validations, newest first, refused batches included',
        tags,
        params: DatasetParams,
        querystring: Type.Object({ before: Type.Optional(ValidationId), limit: Limit }),
        response: {
          200: Type.Object({ items: Type.Array(ValidationReply), next: Type.Optional(Type.String()) }),
        },
      },
    },
    async ({ scope, params, query }) => {
      const limit = query.limit ?? 50;
      const items = await service.listValidations(scope, params.name, { ...query, limit });
      const last = items.at(-1);
      return { items: items.map(showValidation), ...(last && items.length === limit && { next: last.id }) };
    },
  );

  app.get(
    '/api/data/validations/:id',
    {
      schema: {
        summary: 'Get a validation with its report',
        tags,
        params: Type.Object({ id: ValidationId }),
        response: { 200: ValidationDetail },
      },
    },
    async ({ scope, params }) => {
      const { validation, report } = await service.getValidation(scope, params.id);
      return { ...showValidation(validation), report };
    },
  );

  app.get(
    '/api/data/validations/:id/great-expectations',
    {
      schema: {
        summary: 'Export a validation in the JSON of Great Expectations',
        tags,
        params: Type.Object({ id: ValidationId }),
        response: { 200: Open },
      },
    },
    async ({ scope, params }) => {
      const { validation, report } = await service.getValidation(scope, params.id);
      const runId = { run_name: validation.id, run_time: isoTime(validation.createdAt) };
      return writeReport(validation.dataset, report, { run_id: runId });
    },
  );
}
