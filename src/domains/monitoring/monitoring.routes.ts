import Type from 'typebox';
import { isoTime } from '../../platform/clock.ts';
import { platformError } from '../../platform/errors.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import { Name } from '../../platform/names.ts';
import { Items } from '../../platform/schemas.ts';
import { incidentRoutes } from './incidents/incidents.routes.ts';
import {
  CompareSchema,
  MonitorSchema,
  MonitorSpec,
  ReferenceSchema,
  WindowSchema,
  WindowStripSchema,
} from './monitoring.contract.ts';
import * as service from './monitoring.service.ts';
import { referencesOf } from './monitoring.store.ts';
import { wireDrift, wireMonitor, wireReference, wireStripWindow, wireWindow } from './monitoring.wire.ts';

const tags = ['monitoring'];
const Params = Type.Object({ deployment: Name });
const TimeText = Type.Optional(Type.String({ maxLength: 40, description: 'ISO time, or milliseconds' }));

/** A time of the edge in milliseconds. @throws platform.input.invalid */
function timeOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const time = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isFinite(time)) return time;
  throw platformError('platform.input.invalid', `${name} is not a time.`);
}

/** HTTP door of monitoring. */
export function monitoringRoutes(app: HoustonApp): void {
  app.get(
    '/api/monitoring/monitors',
    {
      schema: {
        summary: 'List monitors with their state',
        tags,
        response: { 200: Type.Object({ items: Type.Array(MonitorSchema) }) },
      },
    },
    async ({ scope }) => ({ items: (await service.listMonitors(scope)).map(wireMonitor) }),
  );
  app.get(
    '/api/monitoring/monitors/:deployment',
    { schema: { summary: 'Read a monitor', tags, params: Params, response: { 200: MonitorSchema } } },
    async ({ scope, params }) => wireMonitor(await service.getMonitor(scope, params.deployment)),
  );
  app.put(
    '/api/monitoring/monitors/:deployment',
    {
      schema: {
        summary: 'Tune a monitor; what is left out goes back to its default',
        tags,
        params: Params,
        body: MonitorSpec,
        response: { 200: MonitorSchema },
      },
    },
    async ({ scope, params, body }) => {
      await service.findMonitor(scope, params.deployment);
      await service.putMonitor(scope, params.deployment, body);
      return wireMonitor(await service.getMonitor(scope, params.deployment));
    },
  );
  windowRoutes(app);
  incidentRoutes(app);
}

function windowRoutes(app: HoustonApp): void {
  app.get(
    '/api/monitoring/windows',
    {
      schema: {
        summary: 'The newest windows of every deployment in short, oldest first',
        tags,
        querystring: Type.Object({
          newest: Type.Integer({ minimum: 1, maximum: 100, default: 16, description: 'Of each deployment' }),
        }),
        response: { 200: Items(WindowStripSchema) },
      },
    },
    async ({ scope, query }) => ({
      items: (await service.newestWindows(scope, query.newest)).map(({ deployment, windows }) => ({
        deployment,
        windows: windows.map(wireStripWindow),
      })),
    }),
  );
  app.get(
    '/api/monitoring/monitors/:deployment/windows',
    {
      schema: {
        summary: 'Windows by event time, oldest first: drift by feature, performance with limits',
        tags,
        params: Params,
        querystring: Type.Object({
          from: TimeText,
          to: TimeText,
          limit: Type.Integer({ minimum: 1, maximum: 5000, default: 400 }),
        }),
        response: { 200: Type.Object({ items: Type.Array(WindowSchema) }) },
      },
    },
    async ({ scope, params, query }) => {
      const from = timeOf('from', query.from);
      const to = timeOf('to', query.to);
      const windows = await service.listWindows(scope, params.deployment, {
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
        limit: query.limit,
      });
      const served = await referencesOf(scope.db, params.deployment);
      return { items: windows.map((one) => wireWindow(one, served.get(one.reference ?? ''))) };
    },
  );
  app.get(
    '/api/monitoring/monitors/:deployment/reference',
    {
      schema: {
        summary: 'The frozen reference: bins and counts by feature',
        tags,
        params: Params,
        querystring: Type.Object({ start: TimeText }),
        response: { 200: ReferenceSchema },
      },
    },
    async ({ scope, params, query }) => {
      const reference = await service.getReference(scope, params.deployment, timeOf('start', query.start));
      return wireReference(reference, await service.getChunks(scope, reference));
    },
  );
  app.get(
    '/api/monitoring/monitors/:deployment/compare',
    {
      schema: {
        summary: 'Reference and current counts of one feature on the same frozen bins',
        tags,
        params: Params,
        querystring: Type.Object({
          feature: Type.String({ minLength: 1, maxLength: 200, description: 'A feature, or score' }),
          start: TimeText,
        }),
        response: { 200: CompareSchema },
      },
    },
    async ({ scope, params, query }) => {
      const { start, end, figure, feature, ...rest } = await service.compare(
        scope,
        params.deployment,
        query.feature,
        timeOf('start', query.start),
      );
      return {
        ...rest,
        feature,
        start: isoTime(start),
        end: isoTime(end),
        figure: figure && wireDrift(figure, feature),
      };
    },
  );
}
