import type { FastifyInstance } from 'fastify';
import { readBody } from './fields.ts';
import type { createGraphql } from './graphql.ts';
import type { MlflowRoute } from './routes.ts';

const mostBytes = 128 * 1024;

/** GraphQL as the pages of tracking servers speak it: reads only. Its language is loaded with the first query. */
export function graphqlRoutes(app: FastifyInstance, routes: readonly MlflowRoute[]): void {
  let loading: Promise<ReturnType<typeof createGraphql>> | undefined;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: mostBytes }, (_request, body, done) =>
    done(null, body),
  );
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    schema: { hide: true },
    handler: async (request, reply) => {
      loading ??= import('./graphql.ts').then((loaded) => loaded.createGraphql(routes));
      const given =
        request.method === 'GET' ? (request.query as Record<string, unknown>) : readBody(request.body);
      const { status, body } = await (await loading)(request.scope, given);
      return reply.status(status).send(body);
    },
  });
}
