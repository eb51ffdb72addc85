import Type from 'typebox';
import type { Engine } from '../../../platform/engines/engine.ts';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { Name } from '../registry.contract.ts';
import { ConversionReply, EnvironmentReply } from './conversion.contract.ts';
import { externalIdOf } from './conversion-job.ts';
import { getConversion, requestConversion, wireConversion } from './conversions.service.ts';
import { inspectPython, requirementsText } from './python-environment.ts';

const tags = ['registry'];
const VersionParams = Type.Object({
  name: Name,
  version: Type.String({ maxLength: 80, description: 'A number, "latest", or @ and an alias' }),
});
const path = '/api/registry/models/:name/versions/:version';
const logBytes = 20_000;

/** Routes of conversions: ask for one, follow it, and look at the Python that it needs. */
export function conversionRoutes(app: HoustonApp, engine: Engine): void {
  app.post(
    `${path}/convert`,
    {
      schema: {
        summary: 'Make the ONNX twin of a version of another form',
        description: 'Starts a process that converts the model and compares both; follow it at /conversion.',
        tags,
        params: VersionParams,
        response: { 202: ConversionReply },
      },
    },
    async ({ scope, params }, reply) =>
      reply.status(202).send(wireConversion(await requestConversion(scope, params.name, params.version))),
  );
  app.get(
    `${path}/conversion`,
    {
      schema: {
        summary: 'The newest conversion of a version, with the end of its log',
        tags,
        params: VersionParams,
        response: { 200: Type.Intersect([ConversionReply, Type.Object({ log: Type.String() })]) },
      },
    },
    async ({ scope, params }) => {
      const row = await getConversion(scope, params.name, params.version);
      const { size } = await engine.logs(externalIdOf(row), { limit: 0 });
      const { text } = await engine.logs(externalIdOf(row), {
        offset: Math.max(0, size - logBytes),
        limit: logBytes,
      });
      return { ...wireConversion(row), log: text };
    },
  );
  app.get(
    '/api/registry/conversion',
    {
      schema: {
        summary: 'The Python of conversions: what it needs and what it has',
        tags,
        response: { 200: EnvironmentReply },
      },
    },
    async ({ scope }) => {
      const { config } = scope.platform;
      const { python, packages } = await inspectPython(config);
      const ready =
        config.conversion !== 'off' && python !== null && packages.every((one) => one.found !== null);
      return { mode: config.conversion, python, packages, ready, requirements: requirementsText() };
    },
  );
}
