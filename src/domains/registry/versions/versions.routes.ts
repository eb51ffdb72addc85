import Type from 'typebox';
import { isoTime } from '../../../platform/clock.ts';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { sendFile } from '../../../platform/http/send-file.ts';
import { Items } from '../../../platform/schemas.ts';
import { authorise } from '../../../platform/scope.ts';
import { newestConversion } from '../conversion/conversions.store.ts';
import { EvaluationHeadline, EvaluationReply } from '../evaluation/evaluation.contract.ts';
import { getLatestEvaluation, listHeadlines } from '../evaluation/evaluations.service.ts';
import { gate, latestVerdict, verdicts } from '../gate/gate.service.ts';
import { Name, registryError, VerdictReply, VersionReply } from '../registry.contract.ts';
import { getVersion, profile } from '../registry.service.ts';
import { wireVerdict, wireVersion } from '../registry.wire.ts';
import { LineageReply } from './lineage.contract.ts';
import { lineage } from './lineage.service.ts';

const tags = ['registry'];
const ModelParams = Type.Object({ name: Name });
const VersionParams = Type.Object({
  name: Name,
  version: Type.String({ maxLength: 80, description: 'A number, "latest", or @ and an alias' }),
});
const path = '/api/registry/models/:name/versions/:version';

/** Routes below one version. */
export function versionRoutes(app: HoustonApp): void {
  app.get(
    path,
    { schema: { summary: 'Read a version', tags, params: VersionParams, response: { 200: VersionReply } } },
    async ({ scope, params }) => {
      const version = await getVersion(scope, params.name, params.version);
      const verdict = await latestVerdict(scope, version.model, version.version);
      return wireVersion(version, verdict, await newestConversion(scope.db, version.model, version.version));
    },
  );
  app.get(
    `${path}/model`,
    { schema: { summary: 'Download the ONNX file', tags, params: VersionParams } },
    async ({ scope, params }, reply) => {
      const { model, version, digest, size } = await getVersion(scope, params.name, params.version);
      reply
        .header('content-type', 'application/octet-stream')
        .header('content-disposition', `attachment; filename="${model}-${version}.onnx"`)
        .header('etag', `"${digest}"`);
      return sendFile(reply, scope.platform.blobs.path(digest), size);
    },
  );
  app.get(
    `${path}/lineage`,
    {
      schema: {
        summary: 'What the version was made from, and what was made from it',
        tags,
        params: VersionParams,
        response: { 200: LineageReply },
      },
    },
    async ({ scope, params }) => {
      const { nodes, edges } = await lineage(scope, params.name, params.version);
      return { nodes: nodes.map((node) => ({ ...node, time: isoTime(node.time) })), edges };
    },
  );
  evidenceRoutes(app);
}

function evidenceRoutes(app: HoustonApp): void {
  app.get(
    '/api/registry/models/:name/evaluations',
    {
      schema: {
        summary: 'Figures of the newest evaluation of each version, newest version first',
        tags,
        params: ModelParams,
        response: { 200: Items(EvaluationHeadline) },
      },
    },
    async ({ scope, params }) => ({ items: await listHeadlines(scope, params.name) }),
  );
  app.get(
    `${path}/evaluation`,
    {
      schema: {
        summary: 'Newest evaluation of the version',
        tags,
        params: VersionParams,
        response: { 200: EvaluationReply },
      },
    },
    async ({ scope, params }) => {
      const { model, digest } = await getVersion(scope, params.name, params.version);
      const evaluation = await getLatestEvaluation(scope, model, digest);
      return { ...evaluation, createdAt: isoTime(evaluation.createdAt) };
    },
  );
  app.get(
    `${path}/profile`,
    {
      schema: {
        summary: 'Drift reference of the version: frozen bins and counts',
        tags,
        params: VersionParams,
        response: { 200: Type.Record(Type.String(), Type.Unknown()) },
      },
    },
    async ({ scope, params }) => {
      const { trainingProfile } = await getVersion(scope, params.name, params.version);
      if (!trainingProfile)
        throw registryError('registry.profile.not_found', 'This version has no training profile.');
      return profile(scope, trainingProfile);
    },
  );
  app.post(
    `${path}/gate`,
    {
      schema: {
        summary: 'Judge the version now',
        tags,
        params: VersionParams,
        response: { 200: VerdictReply },
      },
    },
    async ({ scope, params }) => {
      authorise(scope, 'registry.write');
      return wireVerdict(await gate(scope, params.name, params.version));
    },
  );
  app.get(
    `${path}/verdicts`,
    {
      schema: {
        summary: 'Verdicts on the version, newest first',
        tags,
        params: VersionParams,
        response: { 200: Items(VerdictReply) },
      },
    },
    async ({ scope, params }) => {
      const { model, version } = await getVersion(scope, params.name, params.version);
      return { items: (await verdicts(scope, model, version)).map(wireVerdict) };
    },
  );
}
