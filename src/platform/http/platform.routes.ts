import { Readable } from 'node:stream';
import Type from 'typebox';
import { isoTime } from '../clock.ts';
import {
  getEvent,
  type LedgerEvent,
  ledgerHead,
  listEvents,
  usedBy,
  verifyLedger,
  why,
  wireEvent,
  wireWhy,
} from '../ledger/index.ts';
import {
  CheckpointsReply,
  EventReply,
  EventsReply,
  VerificationReply,
  WhyReply,
} from '../ledger/ledger.contract.ts';
import { DeadLettersReply } from '../reactors/reactors.contract.ts';
import type { Reactors } from '../reactors/reactors.ts';
import { Items } from '../schemas.ts';
import type { HoustonApp } from './app.ts';

const Subject = Type.String({ minLength: 1, maxLength: 400 });

/**
 * Health, the ledger and its live stream, reactors' dead letters. `trackingVersion` is the version of the tracking
 * protocol that the server speaks: its clients ask for it in plain text and decide by it what they may send.
 */
export function platformRoutes(
  app: HoustonApp,
  reactors: Reactors,
  version: string,
  trackingVersion: string,
): void {
  const ledger = { tags: ['ledger'] };

  app.get('/health', { schema: { tags: ['platform'], summary: 'Is the server up?' } }, async () => ({
    status: 'healthy',
  }));
  app.get(
    '/version',
    {
      schema: {
        tags: ['platform'],
        summary: 'Version of the server; plain text names the tracking protocol',
      },
    },
    async ({ headers }, reply) => {
      if (!/\bjson\b/.test(headers.accept ?? '')) {
        return reply.header('content-type', 'text/plain; charset=utf-8').send(trackingVersion);
      }
      return { version, node: process.version };
    },
  );
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());

  app.get(
    '/api/ledger/events',
    {
      schema: {
        ...ledger,
        summary: 'Search the ledger, newest first',
        querystring: Type.Object({
          type: Type.Optional(
            Type.String({ maxLength: 200, description: 'Exact, or a prefix that ends in .*' }),
          ),
          subject: Type.Optional(Subject),
          actor: Type.Optional(Type.String({ maxLength: 200 })),
          text: Type.Optional(Type.String({ maxLength: 200 })),
          before: Type.Optional(Type.Integer({ minimum: 0 })),
          after: Type.Optional(Type.Integer({ minimum: 0 })),
          order: Type.Optional(Type.Enum(['newest', 'oldest'])),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
        }),
        response: { 200: EventsReply },
      },
    },
    async (request) => {
      const { type, ...filter } = request.query;
      const items = await listEvents(request.scope, { ...filter, ...(type && { types: [type] }) });
      const head = await ledgerHead(request.scope);
      return { items: items.map(wireEvent), total: head.seq };
    },
  );

  app.get(
    '/api/ledger/events/:id',
    {
      schema: {
        ...ledger,
        summary: 'One event',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 200: EventReply },
      },
    },
    async (request) => wireEvent(await getEvent(request.scope, request.params.id)),
  );

  app.get(
    '/api/ledger/why',
    {
      schema: {
        ...ledger,
        summary: 'Explain a state back to its causes',
        querystring: Type.Object({
          subject: Subject,
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 2000 })),
        }),
        response: { 200: WhyReply },
      },
    },
    async ({ scope, query }) => wireWhy(await why(scope, query.subject, query.limit)),
  );

  app.get(
    '/api/ledger/used-by',
    {
      schema: {
        ...ledger,
        summary: 'What was made from this subject',
        querystring: Type.Object({ subject: Subject }),
        response: { 200: Items(EventReply) },
      },
    },
    async (request) => ({ items: (await usedBy(request.scope, request.query.subject)).map(wireEvent) }),
  );

  app.post(
    '/api/ledger/verify',
    {
      schema: {
        ...ledger,
        summary: 'Prove the whole ledger against its chain and checkpoints',
        response: { 200: VerificationReply },
      },
    },
    async (request) => verifyLedger(request.scope, request.scope.platform.ledger.book),
  );

  app.get(
    '/api/ledger/checkpoints',
    {
      schema: { ...ledger, summary: 'Signed checkpoints, newest first', response: { 200: CheckpointsReply } },
    },
    async (request) => {
      const all = request.scope.platform.ledger.book.list().reverse().slice(0, 1000);
      return { items: all.map((checkpoint) => ({ ...checkpoint, time: isoTime(checkpoint.time) })) };
    },
  );

  app.get(
    '/api/ledger/dead-letters',
    {
      schema: {
        ...ledger,
        summary: 'Events that a reactor could not handle',
        response: { 200: DeadLettersReply },
      },
    },
    async () => ({
      items: (await reactors.deadLetters()).map((one) => ({ ...one, time: isoTime(one.time) })),
    }),
  );

  app.post(
    '/api/ledger/dead-letters/:reactor/:event/replay',
    {
      schema: {
        ...ledger,
        summary: 'Hand an event to its reactor once more',
        params: Type.Object({
          reactor: Type.String({ maxLength: 128 }),
          event: Type.String({ maxLength: 64 }),
        }),
      },
    },
    async (request, reply) => {
      await reactors.replay(request.params.reactor, request.params.event);
      return reply.status(204).send();
    },
  );

  app.get(
    '/api/events',
    {
      schema: {
        ...ledger,
        summary: 'Live stream of ledger events (server-sent events)',
        produces: ['text/event-stream'],
      },
    },
    (request, reply) => {
      const { ledger: live } = request.scope.platform;
      const stream = new Readable({ read() {} });
      const send = (event: LedgerEvent) =>
        stream.push(`id: ${event.seq}\nevent: ledger\ndata: ${JSON.stringify(wireEvent(event))}\n\n`);
      stream.push(': connected\n\n');
      const stop = live.listen(send);
      const beat = setInterval(() => stream.push(': beat\n\n'), 15_000);
      beat.unref();
      request.raw.on('close', () => {
        stop();
        clearInterval(beat);
        stream.push(null);
      });
      return reply.type('text/event-stream').header('cache-control', 'no-store').send(stream);
    },
  );
}
