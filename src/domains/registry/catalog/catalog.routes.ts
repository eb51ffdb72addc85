import Type, { type Static } from 'typebox';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { type Scope, transact } from '../../../platform/scope.ts';
import { newestConversion } from '../conversion/conversions.store.ts';
import { latestVerdict } from '../gate/gate.service.ts';
import { ModelReply, Name, VersionReply } from '../registry.contract.ts';
import { getModel, getVersion } from '../registry.service.ts';
import { wireModel, wireVersion } from '../registry.wire.ts';
import { changeModel } from './models.service.ts';
import { changeVersion } from './versions.service.ts';

const tags = ['registry'];
/** Databases store no null character. */
const pattern = '^[^\\u0000]*$';
/** What a person notes on a model or a version. */
const Notes = Type.Object(
  {
    description: Type.Optional(Type.String({ maxLength: 20_000, pattern })),
    setTags: Type.Optional(
      Type.Record(
        Type.String({ minLength: 1, maxLength: 250 }),
        Type.String({ maxLength: 100_000, pattern }),
        {
          maxProperties: 100,
        },
      ),
    ),
    removeTags: Type.Optional(Type.Array(Type.String({ maxLength: 250 }), { maxItems: 100 })),
  },
  { additionalProperties: false },
);
type Change = { description?: string; setTag?: [string, string]; deleteTag?: string };

/** One change per tag, as the ledger keeps them. */
function changesOf({ description, setTags = {}, removeTags = [] }: Static<typeof Notes>): Change[] {
  return [
    ...(description === undefined ? [] : [{ description }]),
    ...Object.entries(setTags).map((setTag): Change => ({ setTag })),
    ...removeTags.map((deleteTag): Change => ({ deleteTag })),
  ];
}

/** Routes that change single notes and leave the others as they are. */
export function catalogRoutes(app: HoustonApp): void {
  app.patch(
    '/api/registry/models/:name',
    {
      schema: {
        summary: 'Change the description or single tags of a model',
        tags,
        params: Type.Object({ name: Name }),
        body: Notes,
        response: { 200: ModelReply },
      },
    },
    async ({ scope, params, body }) => {
      await transact(scope, async (tx) => {
        for (const change of changesOf(body)) await changeModel(tx, params.name, change);
      });
      return wireModel(await getModel(scope, params.name));
    },
  );

  app.patch(
    '/api/registry/models/:name/versions/:version',
    {
      schema: {
        summary: 'Change the description or single tags of a version',
        tags,
        params: Type.Object({
          name: Name,
          version: Type.String({ maxLength: 80, description: 'A number, "latest", or @ and an alias' }),
        }),
        body: Notes,
        response: { 200: VersionReply },
      },
    },
    async ({ scope, params, body }) => {
      const { model, version } = await getVersion(scope, params.name, params.version);
      await transact(scope, async (tx) => {
        for (const change of changesOf(body)) await changeVersion(tx, model, version, change);
      });
      return readVersion(scope, model, version);
    },
  );
}

async function readVersion(scope: Scope, model: string, version: number) {
  const [found, verdict, conversion] = [
    await getVersion(scope, model, version),
    await latestVerdict(scope, model, version),
    await newestConversion(scope.db, model, version),
  ];
  return wireVersion(found, verdict, conversion);
}
