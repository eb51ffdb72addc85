import Type from 'typebox';
import { isoTime } from '../clock.ts';
import { platformError } from '../errors.ts';
import type { HoustonApp } from '../http/app.ts';
import { sessionCookie } from '../http/callers.ts';
import { Name } from '../names.ts';
import { Items } from '../schemas.ts';
import { MeReply, UserReply } from './auth.contract.ts';
import { callerOfToken, createToken, createUser, listUsers, revokeTokens, setRoles } from './auth.ts';
import { roleNames } from './roles.ts';

const Roles = Type.Array(Type.Enum(roleNames), { minItems: 1, maxItems: roleNames.length });
const tags = ['auth'];

export function authRoutes(app: HoustonApp): void {
  const schema = { tags };
  app.get(
    '/api/auth/me',
    { schema: { ...schema, summary: 'Who am I, and what may I do?', response: { 200: MeReply } } },
    async (request) => ({
      id: request.caller.user.id,
      roles: request.caller.user.roles,
      permissions: [...request.caller.permissions],
      login: request.scope.platform.config.auth,
    }),
  );

  app.get(
    '/api/auth/users',
    {
      schema: {
        ...schema,
        summary: 'List users',
        response: { 200: Items(UserReply) },
      },
    },
    async (request) => ({
      items: (await listUsers(request.scope)).map((user) => ({
        ...user,
        createdAt: isoTime(user.createdAt),
      })),
    }),
  );

  app.post(
    '/api/auth/users',
    { schema: { ...schema, summary: 'Add a user', body: Type.Object({ id: Name, roles: Roles }) } },
    async (request, reply) => {
      const user = await createUser(request.scope, request.body.id, request.body.roles);
      return reply.status(201).send({ ...user, createdAt: isoTime(user.createdAt) });
    },
  );

  app.put(
    '/api/auth/users/:id/roles',
    {
      schema: {
        ...schema,
        summary: 'Set the roles of a user',
        params: Type.Object({ id: Name }),
        body: Type.Object({ roles: Roles }),
      },
    },
    async (request, reply) => {
      await setRoles(request.scope, request.params.id, request.body.roles);
      return reply.status(204).send();
    },
  );

  app.post(
    '/api/auth/users/:id/tokens',
    {
      schema: {
        ...schema,
        summary: 'Make a bearer token; it is shown once',
        params: Type.Object({ id: Name }),
        body: Type.Optional(
          Type.Object({
            note: Type.Optional(Type.String({ maxLength: 200 })),
            days: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })),
          }),
        ),
      },
    },
    async (request, reply) => {
      const { note = '', days } = request.body ?? {};
      return reply
        .status(201)
        .send({ token: await createToken(request.scope, request.params.id, note, days) });
    },
  );

  app.delete(
    '/api/auth/users/:id/tokens',
    { schema: { ...schema, summary: 'Take all tokens of a user away', params: Type.Object({ id: Name }) } },
    async (request, reply) => {
      await revokeTokens(request.scope, request.params.id);
      return reply.status(204).send();
    },
  );

  app.post(
    '/api/auth/session',
    {
      schema: {
        ...schema,
        summary: 'Sign in a browser with a token',
        body: Type.Object({ token: Type.String({ minLength: 1, maxLength: 200 }) }),
      },
    },
    async (request, reply) => {
      const { platform } = request.scope;
      const caller = await callerOfToken(platform.systemScope('system:auth'), request.body.token);
      if (!caller) throw platformError('platform.auth.required', 'This token is not valid.');
      reply.header('set-cookie', sessionCookie(request.body.token));
      return reply.status(204).send();
    },
  );

  app.delete('/api/auth/session', { schema: { ...schema, summary: 'Sign out' } }, async (_request, reply) =>
    reply.header('set-cookie', sessionCookie('', 0)).status(204).send(),
  );
}
