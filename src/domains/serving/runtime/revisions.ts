import { digestJson, shortDigest } from '../../../platform/digest.ts';
import type { Json } from '../../../platform/json.ts';
import type { Scope } from '../../../platform/scope.ts';
import type { ModelVersion, RegistryDoor } from '../../registry/index.ts';
import type { FaultBook } from '../faults/fault-book.ts';
import type { LateWrites } from '../faults/late-writes.ts';
import { quarantinedRevision, readInterface } from '../faults/quarantined-revision.ts';
import { reopenGraph } from '../graphs/graph-revision.ts';
import type { Isolation } from '../isolation/isolation.service.ts';
import type { MeterBook } from '../meter/meter-book.ts';
import { type FeatureSource, type FeaturesPort, featureSource } from '../routing/feature-port.ts';
import { rawFeatureNames } from '../routing/request-rows.ts';
import type { DeploymentSpecInput } from '../serving.contract.ts';
import { servingError } from '../serving.errors.ts';
import { checkOrigin } from '../upstreams/remote-call.ts';
import type { KnownSignature } from '../upstreams/remote-model.ts';
import { recordUpstream } from '../upstreams/upstream-events.ts';
import { openUpstreamRunner } from '../upstreams/upstream-runner.ts';
import { type LiveRevision, loadRevision, type Placing, type Revision } from './live-revision.ts';
import { defaultSettings, type Runner, type RuntimeSettings } from './runner.ts';

export type RevisionNeeds = {
  registry: RegistryDoor;
  features: FeaturesPort | null;
  /** Whether a model may be opened in this process. */
  isolation: Isolation;
  /** Hears what goes wrong in a revision's threads or processes, and knows those that are not loaded any more. */
  faults: FaultBook;
  /** Writes what must be written when the database is back. */
  late: LateWrites;
  /** Meters of the revisions that have served before, which count on. */
  meters?: Pick<MeterBook, 'get'>;
};

/** `NAME`, `NAME:3` or `NAME@alias` in its parts; without a version the newest one. */
export function parseModelReference(text: string): { model: string; ref: string } {
  const match = /^([A-Za-z0-9][A-Za-z0-9._-]{0,127})(?::(\d{1,9}|latest)|(@[A-Za-z0-9_-]{1,64}))?$/.exec(
    text,
  );
  if (!match) throw servingError('serving.model.reference_invalid', 'This does not name a model version.');
  return { model: match[1], ref: match[2] ?? match[3] ?? 'latest' };
}

/** The model version that a reference names. */
export async function resolveVersion(
  needs: RevisionNeeds,
  scope: Scope,
  text: string,
): Promise<ModelVersion> {
  const { model, ref } = parseModelReference(text);
  return needs.registry.getVersion(scope, model, ref);
}

/**
 * Loads a model version as a revision of a deployment, aside of all traffic. The revision's id is a digest of what
 * it is made of, so the same model with the same features and settings is the same revision again.
 */
export async function openRevision(
  needs: RevisionNeeds,
  scope: Scope,
  deployment: string,
  spec: DeploymentSpecInput,
  version: ModelVersion,
): Promise<LiveRevision> {
  if (!spec.runtime?.upstream) checkServable(version);
  const service = spec.features ?? version.lineage.featureService?.split('@')[0];
  const source = service === undefined ? null : await openSource(needs, scope, service);
  checkTrainedFeatures(version, source);
  const settings: RuntimeSettings = { ...defaultSettings, ...spec.runtime };
  const identity = {
    deployment,
    model: version.model,
    version: version.version,
    digest: version.digest,
    features: source?.digest ?? null,
    settings,
    score: [spec.scoreOutput ?? null, spec.scoreRange ?? null],
  } as unknown as Json;
  const revision: Revision = {
    id: `rev_${shortDigest(digestJson(identity))}`,
    deployment,
    model: version.model,
    version: version.version,
    digest: version.digest,
    featureService: source?.ref ?? null,
    featureDigest: source?.digest ?? null,
    settings,
    graph: null,
    features: source ? [...source.vectorizer.features] : [],
    createdAt: scope.now(),
  };
  needs.faults.refuseQuarantined(revision.id);
  const path = scope.platform.blobs.path(version.digest);
  const live = await loadRevision(revision, path, {
    source,
    operators: version.format.operators,
    meter: needs.meters?.get(revision.id),
    ...scoreOptions(spec),
    ...remoteOptions(needs, scope, revision, version.signature),
    ...(await localOptions(needs, scope, revision, version)),
  });
  if (!source) {
    const names = rawFeatureNames(live.runner.inputs);
    const known = version.signature.features;
    revision.features = known?.length === names.length ? known : names;
  }
  return live;
}

/** Loads a revision that the database already knows (after a restart). */
export async function reopenRevision(
  needs: RevisionNeeds,
  scope: Scope,
  spec: DeploymentSpecInput,
  revision: Revision,
): Promise<LiveRevision> {
  if (revision.graph) return reopenGraph(needs, scope, spec, revision, revision.graph);
  const service = revision.featureService?.split('@')[0];
  const digest = revision.featureDigest ?? undefined;
  const source = service === undefined ? null : await openSource(needs, scope, service, digest);
  const path = scope.platform.blobs.path(revision.digest);
  const version = await needs.registry.getVersion(scope, revision.model, revision.version);
  const meter = needs.meters?.get(revision.id);
  const quarantine = needs.faults.quarantineOf(revision.id);
  if (quarantine) {
    const options = { source, meter, ...scoreOptions(spec) };
    return quarantinedRevision(revision, await readInterface(path), quarantine.reason, options);
  }
  return loadRevision(revision, path, {
    source,
    operators: version.format.operators,
    meter,
    ...scoreOptions(spec),
    ...remoteOptions(needs, scope, revision, version.signature),
    ...(await localOptions(needs, scope, revision, version)),
  });
}

export function scoreOptions({ scoreOutput, scoreRange }: DeploymentSpecInput) {
  return { ...(scoreOutput !== undefined && { scoreOutput }), ...(scoreRange && { scoreRange }) };
}

/** How a model of a revision opens on this machine: in which of its processes, and who hears of its faults. */
export async function localOptions(
  { isolation, faults }: RevisionNeeds,
  scope: Scope,
  revision: Revision,
  { digest, format }: Pick<ModelVersion, 'digest' | 'format'>,
  settings: RuntimeSettings = revision.settings,
): Promise<Placing> {
  if (settings.upstream) return {};
  const path = scope.platform.blobs.path(digest);
  const model = { digest, path, operators: format.operators };
  const isolated = (await isolation.assess(scope, model, settings)) !== null;
  return { isolated, onFault: faults.reporter(revision) };
}

/**
 * How a revision with an upstream opens: where the operator allows it; the ledger hears when it is given up and when
 * it is back.
 * @throws serving.upstream.not_allowed
 */
function remoteOptions(
  needs: RevisionNeeds,
  scope: Scope,
  { deployment, id, model, settings }: Revision,
  signature: KnownSignature,
): { openRemote?: () => Promise<Runner> } {
  const openRemote = remoteOpener(needs, scope, { deployment, revision: id, model, settings, signature });
  return openRemote ? { openRemote } : {};
}

/** Opens a model on the upstream of its settings; undefined when it has none. @throws serving.upstream.not_allowed */
export function remoteOpener(
  { late }: RevisionNeeds,
  scope: Scope,
  of: {
    deployment: string;
    revision: string;
    model: string;
    settings: RuntimeSettings;
    signature: KnownSignature;
  },
): (() => Promise<Runner>) | undefined {
  const { deployment, revision, model, settings, signature } = of;
  const { upstream, timeoutMs } = settings;
  if (!upstream) return undefined;
  const { platform, now } = scope;
  checkOrigin(upstream.url, platform.config.upstreams);
  return () =>
    openUpstreamRunner(upstream, {
      model,
      signature,
      timeoutMs,
      now,
      onChange: (change) => recordUpstream(late, { deployment, revision, upstream }, change),
    });
}

/** The vectors of a service: of its current version, or of the one with this digest. */
export async function openSource(
  needs: RevisionNeeds,
  scope: Scope,
  service: string,
  digest?: string,
): Promise<FeatureSource> {
  if (needs.features) return featureSource(await needs.features.createVectorizer(scope, service, digest));
  throw servingError(
    'serving.model.refused',
    `The feature service ${service} is not available on this server.`,
  );
}

/** A version of another form than ONNX is only recorded until it has its twin; another server may still serve it. */
export function checkServable({ model, version, flavor, servable }: ModelVersion): void {
  if (servable) return;
  throw servingError(
    'serving.model.refused',
    `This version is a ${flavor} model that is only recorded; convert it to ONNX first (houston models convert ${model}:${version}).`,
  );
}

/** A model trained on other features than those it would get is refused: that is training–serving skew. */
export function checkTrainedFeatures(version: ModelVersion, source: FeatureSource | null): void {
  const trained = version.lineage.featureService;
  if (source === null) return;
  const names = version.signature.features;
  if (names !== null && names.join('\n') !== source.vectorizer.features.join('\n')) {
    throw servingError(
      'serving.model.refused',
      `${version.model}:${version.version} takes other features, or another order of them, than ${source.ref} gives.`,
    );
  }
  if (trained === null || trained === source.ref) return;
  throw servingError(
    'serving.model.refused',
    `${version.model}:${version.version} was trained on ${trained}, and this deployment would feed it ${source.ref}.`,
  );
}
