import Type, { type TSchema } from 'typebox';
import type { HoustonApp } from '../http/app.ts';
import type { Declarable } from '../module.ts';
import { applyDeclaration, exportDeclaration, planDeclaration } from './declarations.ts';

const Declaration = Type.Record(Type.String(), Type.Unknown(), {
  description: 'The content of a houston.yaml',
});
const tags = ['declarations'];

/** JSON Schema of houston.yaml, made from the schemas of all kinds. */
export function declarationSchema(declarables: readonly Declarable[]): TSchema {
  const kinds = [...declarables].sort((a, b) => a.order - b.order);
  return Type.Object(
    {
      version: Type.Literal(1),
      project: Type.Optional(Type.String()),
      description: Type.Optional(Type.String()),
      ...Object.fromEntries(
        kinds.map(({ kind, schema }) => [kind, Type.Optional(Type.Record(Type.String(), schema))]),
      ),
    },
    { $id: 'houston.yaml', title: 'Houston declaration', additionalProperties: false },
  );
}

export function declarationRoutes(app: HoustonApp, declarables: readonly Declarable[]): void {
  app.get(
    '/api/declarations',
    { schema: { tags, summary: 'Export everything declarable' } },
    async (request) => exportDeclaration(request.scope, declarables),
  );
  app.get(
    '/api/declarations/schema',
    { schema: { tags, summary: 'JSON Schema of houston.yaml' } },
    async () => declarationSchema(declarables),
  );
  app.post(
    '/api/declarations/plan',
    { schema: { tags, summary: 'What would applying this change?', body: Declaration } },
    async (request) => ({ changes: await planDeclaration(request.scope, declarables, request.body) }),
  );
  app.post(
    '/api/declarations/apply',
    {
      schema: {
        tags,
        summary: 'Make it so: all of it or nothing',
        body: Declaration,
        querystring: Type.Object({ commit: Type.Optional(Type.String({ pattern: '^[0-9a-f]{7,64}$' })) }),
      },
    },
    async (request) => applyDeclaration(request.scope, declarables, request.body, request.query),
  );
}
