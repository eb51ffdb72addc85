import Type from 'typebox';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { Name } from '../../../platform/names.ts';
import type { Scope } from '../../../platform/scope.ts';
import { AlertSchema, IncidentDetailSchema, IncidentSchema } from '../monitoring.contract.ts';
import { wireAlert, wireIncident, wireTimeline } from '../monitoring.wire.ts';
import * as handling from './handling.service.ts';
import { listAlerts, listIncidents } from './incidents.store.ts';
import { timeline as timelineOf } from './timeline.service.ts';

const tags = ['monitoring'];
const Params = Type.Object({ id: Type.String({ maxLength: 64 }) });
const State = (values: readonly string[]) =>
  Type.Optional(Type.String({ pattern: `^(${values.join('|')})$`, description: values.join(', ') }));

async function detail(scope: Scope, id: string) {
  const incident = await handling.getIncident(scope, id);
  const alerts = await listAlerts(scope.db, { incident: id });
  const timeline = await timelineOf(scope, incident);
  return { ...wireIncident(incident), alerts: alerts.map(wireAlert), timeline: timeline.map(wireTimeline) };
}

/** Alerts and incidents. */
export function incidentRoutes(app: HoustonApp): void {
  app.get(
    '/api/monitoring/alerts',
    {
      schema: {
        summary: 'List alerts, newest first',
        tags,
        querystring: Type.Object({
          deployment: Type.Optional(Name),
          state: State(['pending', 'firing', 'resolved']),
          limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
        }),
        response: { 200: Type.Object({ items: Type.Array(AlertSchema) }) },
      },
    },
    async ({ scope, query: { deployment, state, limit } }) => ({
      items: (
        await listAlerts(scope.db, {
          ...(deployment !== undefined && { deployment }),
          ...(state !== undefined && { states: [state] }),
          limit,
        })
      ).map(wireAlert),
    }),
  );
  app.get(
    '/api/monitoring/incidents',
    {
      schema: {
        summary: 'List incidents, newest first',
        tags,
        querystring: Type.Object({
          deployment: Type.Optional(Name),
          state: State(['open', 'acknowledged', 'resolved', 'active']),
          limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
        }),
        response: { 200: Type.Object({ items: Type.Array(IncidentSchema) }) },
      },
    },
    async ({ scope, query }) => ({ items: (await listIncidents(scope.db, query)).map(wireIncident) }),
  );
  app.get(
    '/api/monitoring/incidents/:id',
    {
      schema: {
        summary: 'Read an incident with its alerts and its timeline',
        tags,
        params: Params,
        response: { 200: IncidentDetailSchema },
      },
    },
    async ({ scope, params }) => detail(scope, params.id),
  );
  app.post(
    '/api/monitoring/incidents/:id/acknowledge',
    {
      schema: {
        summary: 'Say that somebody looks after it',
        tags,
        params: Params,
        response: { 200: IncidentDetailSchema },
      },
    },
    async ({ scope, params }) => {
      await handling.acknowledge(scope, params.id);
      return detail(scope, params.id);
    },
  );
  app.post(
    '/api/monitoring/incidents/:id/resolve',
    {
      schema: {
        summary: 'Close an incident by hand',
        tags,
        params: Params,
        body: Type.Object(
          { reason: Type.String({ minLength: 1, maxLength: 2000 }) },
          { additionalProperties: false },
        ),
        response: { 200: IncidentDetailSchema },
      },
    },
    async ({ scope, params, body }) => {
      await handling.resolveIncident(scope, params.id, body.reason);
      return detail(scope, params.id);
    },
  );
  app.post(
    '/api/monitoring/incidents/:id/note',
    {
      schema: {
        summary: 'Add a remark to the timeline',
        tags,
        params: Params,
        body: Type.Object(
          { text: Type.String({ minLength: 1, maxLength: 5000 }) },
          { additionalProperties: false },
        ),
        response: { 201: IncidentDetailSchema },
      },
    },
    async ({ scope, params, body }, reply) => {
      await handling.addNote(scope, params.id, body.text);
      return reply.status(201).send(await detail(scope, params.id));
    },
  );
}
