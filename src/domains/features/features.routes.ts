import Type from 'typebox';
import { isoTime } from '../../platform/clock.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import {
  FeatureServiceView,
  OnlineStats,
  PushEvents,
  PushReply,
  VectorsReply,
  VectorsRequest,
} from './features.contract.ts';
import * as features from './features.service.ts';
import type { OnlineState, OnlineStore } from './online/online-store.ts';

const tags = ['features'];
const ByName = Type.Object({ name: Type.String({ maxLength: 200 }) });
const BySource = Type.Object({ service: Type.String({ maxLength: 200 }) });

/** The routes of /api/features. */
export function featuresRoutes(app: HoustonApp, online: OnlineStore): void {
  app.get(
    '/api/features/services',
    {
      schema: {
        summary: 'List the feature services',
        tags,
        response: { 200: Type.Object({ items: Type.Array(FeatureServiceView) }) },
      },
    },
    async (request) => ({ items: (await features.describeAll(request.scope, online)).map(toView) }),
  );
  app.get(
    '/api/features/services/:name',
    {
      schema: {
        summary: 'Get a feature service',
        tags,
        params: ByName,
        response: { 200: FeatureServiceView },
      },
    },
    async (request) => toView(await features.describe(request.scope, online, request.params.name)),
  );
  app.get(
    '/api/features/services/:name/online',
    {
      schema: {
        summary: 'Get what the online store holds for a service',
        tags,
        params: ByName,
        response: { 200: OnlineStats },
      },
    },
    async (request) => toStats((await features.describe(request.scope, online, request.params.name)).online),
  );
  app.post(
    '/api/features/sources/:service/events',
    {
      schema: {
        summary: 'Push events to the online store; what is acknowledged is durable',
        tags,
        params: BySource,
        body: PushEvents,
        response: { 200: PushReply },
      },
    },
    (request) => features.pushEvents(request.scope, online, request.params.service, request.body),
  );
  app.post(
    '/api/features/services/:name/vectors',
    {
      schema: {
        summary: 'Compute the feature vectors of live requests',
        tags,
        params: ByName,
        body: VectorsRequest,
        response: { 200: VectorsReply },
      },
    },
    (request) => features.computeVectors(request.scope, online, request.params.name, request.body),
  );
}

function toStats(state: OnlineState) {
  return { ...state, oldest: isoTime(state.oldest), newest: isoTime(state.newest) };
}

function toView(description: features.ServiceDescription): FeatureServiceView {
  const { service, version, createdAt, versions, online } = description;
  const { definition } = service;
  return {
    name: service.name,
    digest: service.digest,
    version,
    createdAt: isoTime(createdAt),
    source: service.source,
    eventTime: service.eventTime,
    label: service.label,
    description: definition.description ?? '',
    request: definition.request,
    features: service.features.map(({ name, kind, description }) => {
      const spec = definition.features[name];
      const base = { name, type: 'float32', kind, description };
      if ('expression' in spec) return { ...base, expression: spec.expression };
      const { key, lookup, over, grain = '1m', known_at, mean, sum } = spec;
      const expression = mean !== undefined ? `mean(${mean})` : sum !== undefined ? `sum(${sum})` : 'count';
      return {
        ...base,
        expression,
        key,
        lookup: lookup ?? key,
        over,
        grain,
        knownAt: known_at ?? service.eventTime,
      };
    }),
    definition,
    online: toStats(online),
    versions: versions.map((one) => ({ ...one, createdAt: isoTime(one.createdAt) })),
  };
}
