import { shortDigest } from '../../platform/digest.ts';
import type { Json } from '../../platform/json.ts';
import { record } from '../../platform/ledger/index.ts';
import { checkName } from '../../platform/names.ts';
import { afterCommit, authorise, type Scope, transact } from '../../platform/scope.ts';
import { compileService, type FeatureService } from './definition.model.ts';
import type { FeatureServiceDefinition, PushEvents, PushReply, VectorsRequest } from './features.contract.ts';
import { featuresError } from './features.errors.ts';
import * as store from './features.store.ts';
import type { OnlineService, OnlineState, OnlineStore } from './online/online-store.ts';
import { type FeatureStatus, parseTime, toColumnValue, type Vectorizer } from './online/vectorizer.ts';

/** Subject in the ledger: `feature-service:NAME@DIGEST12`. */
export const serviceSubject = (name: string, digest: string): string =>
  `feature-service:${name}@${shortDigest(digest)}`;

const compiled = new Map<string, FeatureService>();

function compile(stored: store.StoredService): FeatureService {
  const key = `${stored.name}\0${stored.digest}`;
  let service = compiled.get(key);
  if (!service) {
    service = compileService(stored.name, stored.definition);
    compiled.set(key, service);
  }
  return service;
}

/**
 * The current version of a service, or the one with this digest (whole, or its first characters).
 * Raises features.service.not_found.
 */
export async function getService(scope: Scope, name: string, digest?: string): Promise<FeatureService> {
  const stored = await store.findService(scope.db, name, digest);
  if (!stored) {
    const which = digest === undefined ? '' : ` with the digest ${digest.slice(0, 80)}`;
    throw featuresError('features.service.not_found', `There is no feature service "${name}"${which}.`);
  }
  return compile(stored);
}

/**
 * Makes a service as defined: a new version when the definition differs from the current one, else nothing.
 * Raises features.definition.invalid and features.expression.invalid.
 */
export async function defineService(
  scope: Scope,
  online: OnlineStore,
  name: string,
  definition: FeatureServiceDefinition,
): Promise<FeatureService> {
  authorise(scope, 'features.write');
  checkName('feature service', name);
  const service = compileService(name, definition);
  return transact(scope, async (tx) => {
    const present = await store.findService(tx.db, name);
    if (present?.digest === service.digest) return service;
    const version = (present?.version ?? 0) + 1;
    const { digest } = service;
    await store.insertService(tx.db, {
      name,
      version,
      digest,
      definition,
      actor: tx.actor,
      createdAt: tx.now(),
    });
    await record(tx, {
      type: 'features.service.defined',
      subject: serviceSubject(name, digest),
      data: {
        service: name,
        version,
        digest,
        source: service.source,
        features: service.features.map((feature) => feature.name),
        previous: present?.digest ?? null,
      },
      uses: [`dataset:${service.source}`],
    });
    afterCommit(tx, () => void online.open(service));
    return service;
  });
}

/** The definitions as they would be declared. */
export async function listDefinitions(scope: Scope): Promise<Record<string, Json>> {
  const services = await store.listCurrent(scope.db);
  return Object.fromEntries(services.map(({ name, definition }) => [name, definition as unknown as Json]));
}

/** Opens the online side of every service; replays their logs. */
export async function openOnline(scope: Scope, online: OnlineStore): Promise<void> {
  for (const stored of await store.listCurrent(scope.db)) online.open(compile(stored));
}

export type ServiceDescription = {
  service: FeatureService;
  version: number;
  createdAt: number;
  versions: { version: number; digest: string; createdAt: number }[];
  online: OnlineState;
};

/** All that a page shows of a service. */
export async function describe(scope: Scope, online: OnlineStore, name: string): Promise<ServiceDescription> {
  const service = await getService(scope, name);
  const versions = await store.listVersions(scope.db, name);
  const { version, createdAt } = versions[0];
  return {
    service,
    version,
    createdAt,
    versions: versions.map((one) => ({ version: one.version, digest: one.digest, createdAt: one.createdAt })),
    online: online.open(service).state(service),
  };
}

export async function describeAll(scope: Scope, online: OnlineStore): Promise<ServiceDescription[]> {
  const names = (await store.listCurrent(scope.db)).map(({ name }) => name);
  return Promise.all(names.map((name) => describe(scope, online, name)));
}

/** The open online side of a service, without a query on the way of a push or a prediction. */
async function onlineOf(scope: Scope, online: OnlineStore, name: string): Promise<OnlineService> {
  return online.get(name) ?? online.open(await getService(scope, name));
}

/** Takes a batch of events in; when it returns, no death of the process can lose them. */
export async function pushEvents(
  scope: Scope,
  online: OnlineStore,
  name: string,
  events: PushEvents,
): Promise<PushReply> {
  authorise(scope, 'features.push');
  const target = await onlineOf(scope, online, name);
  if ((events.columns === undefined) === (events.rows === undefined)) {
    throw featuresError('features.events.invalid', 'Give either "columns" or "rows".');
  }
  return target.push(events.columns ?? toColumns(events.rows ?? []), events.batch ?? null);
}

/** Counts the online events of one entity, or removes them for good. The caller has the right to. */
export async function entityEvents(
  scope: Scope,
  online: OnlineStore,
  name: string,
  request: { entity: Readonly<Record<string, string>>; remove: boolean },
): Promise<number> {
  return (await onlineOf(scope, online, name)).entityEvents(request.entity, request.remove);
}

function toColumns(rows: readonly Record<string, unknown>[]): Record<string, unknown[]> {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return Object.fromEntries([...names].map((name) => [name, rows.map((row) => row[name] ?? null)]));
}

/** Feature vectors for requests, with a status for each value; NaN is null at the edge. */
export async function computeVectors(
  scope: Scope,
  online: OnlineStore,
  name: string,
  { inputs, times }: VectorsRequest,
): Promise<{ features: string[]; vectors: (number | null)[][]; statuses: FeatureStatus[][] }> {
  const service = await getService(scope, name);
  const vectorizer = online.open(service).vectorizer(service);
  const rows = checkInputs(service, inputs, times);
  const at = Float64Array.from(times ?? inputs[service.eventTime], (time) =>
    typeof time === 'string' ? parseTime(time) : Number(time ?? Number.NaN),
  );
  if (at.some(Number.isNaN)) throw featuresError('features.inputs.invalid', 'One of the times is no time.');
  const width = vectorizer.features.length;
  const out = new Float32Array(rows * width);
  const flat: FeatureStatus[] = [];
  vectorizer.fill(inputs, at, out, flat);
  const slice = <T, U>(values: ArrayLike<T>, to: (value: T) => U) =>
    Array.from({ length: rows }, (_, i) =>
      Array.from({ length: width }, (_, f) => to(values[i * width + f])),
    );
  return {
    features: [...vectorizer.features],
    vectors: slice(out, (value) => (Number.isFinite(value) ? value : null)),
    statuses: slice(flat, (status) => status),
  };
}

function checkInputs(
  service: FeatureService,
  inputs: VectorsRequest['inputs'],
  times: VectorsRequest['times'],
): number {
  const names = Object.keys(service.request).filter((name) => !(times && name === service.eventTime));
  const missing = names.filter((name) => !Object.hasOwn(inputs, name));
  if (missing.length > 0) {
    throw featuresError('features.inputs.invalid', `The inputs lack ${missing.join(', ')}.`, { missing });
  }
  const rows = times?.length ?? inputs[names[0]].length;
  const uneven = Object.keys(inputs).find((name) => inputs[name].length !== rows);
  if (uneven)
    throw featuresError('features.inputs.invalid', 'The inputs have different lengths.', { column: uneven });
  for (const name of names) {
    const bad = inputs[name].some(
      (value) => value !== null && toColumnValue(value, service.request[name]) === null,
    );
    if (bad) {
      const message = `"${name}" holds a value that is no ${service.request[name]}.`;
      throw featuresError('features.inputs.invalid', message, { column: name });
    }
  }
  return rows;
}

/** A vectorizer for the prediction path: the current version of a service, or a given one. */
export async function vectorizerOf(
  scope: Scope,
  online: OnlineStore,
  name: string,
  digest?: string,
): Promise<Vectorizer> {
  const current = await getService(scope, name);
  const service = digest === undefined ? current : await getService(scope, name, digest);
  return online.open(current).vectorizer(service);
}
