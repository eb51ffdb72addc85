import { binLabels } from '../../math/bins.ts';
import { psiContributions } from '../../math/distances.ts';
import { record } from '../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../platform/scope.ts';
import * as incidents from './incidents/incidents.store.ts';
import type { MonitorSpecInput } from './monitoring.contract.ts';
import { monitoringError } from './monitoring.errors.ts';
import type { Alert, Incident, Reference, WindowRecord } from './monitoring.model.ts';
import { type MonitorSettings, monitorSettings } from './monitoring.settings.ts';
import * as store from './monitoring.store.ts';
import { type ChunkFigures, chunkFigures } from './statistics/chunk-figures.ts';
import { scoreColumn, teachingChunks } from './statistics/reference.ts';
import { usualReference } from './usual-reference.ts';

export type MonitorState = 'healthy' | 'degraded' | 'failing' | 'no data' | 'not enough data' | 'paused';

export type MonitorStatus = {
  deployment: string;
  spec: MonitorSpecInput;
  settings: MonitorSettings;
  state: MonitorState;
  reason: string;
  /** Newest window, and newest one whose outcomes are complete. */
  latest: WindowRecord | null;
  latestFinal: WindowRecord | null;
  reference: (Omit<Reference, 'profile' | 'importance'> & { chunks: number; unusualChunks: number }) | null;
  openIncident: Incident | null;
  firing: Alert[];
  createdAt: number;
  updatedAt: number;
};

/** Creates or tunes a monitor; windows, alerts and incidents stay. A no-op when equal. */
export async function putMonitor(scope: Scope, deployment: string, spec: MonitorSpecInput): Promise<void> {
  authorise(scope, 'monitoring.write');
  monitorSettings(spec);
  await transact(scope, async (tx) => {
    const isNew = await store.insertMonitor(tx.db, deployment, spec, tx.now());
    if (!isNew) {
      const before = await store.findMonitor(tx.db, deployment);
      if (JSON.stringify(before?.spec) === JSON.stringify(spec)) return;
      await store.updateMonitor(tx.db, deployment, spec, tx.now());
    }
    await record(tx, {
      type: isNew ? 'monitoring.monitor.created' : 'monitoring.monitor.changed',
      subject: `monitor:${deployment}`,
      data: { deployment, spec },
      uses: [`deployment:${deployment}`],
    });
  });
}

/** Gives a new deployment its monitor with safe defaults; nothing when it has one. */
export async function ensureMonitor(scope: Scope, deployment: string): Promise<void> {
  if (await store.findMonitor(scope.db, deployment)) return;
  await putMonitor(scope, deployment, {});
}

/** @throws monitoring.monitor.not_found */
export async function findMonitor(scope: Scope, deployment: string): Promise<store.Monitor> {
  const monitor = await store.findMonitor(scope.db, deployment);
  if (!monitor)
    throw monitoringError('monitoring.monitor.not_found', 'There is no monitor for this deployment.');
  return monitor;
}

export async function listMonitors(scope: Scope): Promise<MonitorStatus[]> {
  return Promise.all((await store.listMonitors(scope.db)).map((monitor) => statusOf(scope, monitor)));
}

/** @throws monitoring.monitor.not_found */
export async function getMonitor(scope: Scope, deployment: string): Promise<MonitorStatus> {
  return statusOf(scope, await findMonitor(scope, deployment));
}

async function statusOf(scope: Scope, monitor: store.Monitor): Promise<MonitorStatus> {
  const { deployment } = monitor;
  const settings = monitorSettings(monitor.spec);
  const newest = { order: 'newest', limit: 1 } as const;
  const [[latest], [latestFinal], open, firing] = await Promise.all([
    store.listWindows(scope.db, deployment, newest),
    store.listWindows(scope.db, deployment, { ...newest, state: 'final' }),
    incidents.listIncidents(scope.db, { deployment, state: 'active', limit: 20 }),
    incidents.listAlerts(scope.db, { deployment, states: ['firing'] }),
  ]);
  // The one that somebody has to look at first.
  const openIncident = open.find(({ severity }) => severity === 'page') ?? open[0];
  const known = latest?.reference ? await store.getReference(scope.db, latest.reference) : undefined;
  const reference = known && (await usualReference(scope.db, known));
  return {
    ...monitor,
    settings,
    ...health(settings, latest, latestFinal, openIncident, firing),
    latest: latest ?? null,
    latestFinal: latestFinal ?? null,
    reference: reference ? summaryOf(reference, settings) : null,
    openIncident: openIncident ?? null,
    firing,
  };
}

function summaryOf({ profile, importance: _, ...known }: Reference, settings: MonitorSettings) {
  const chunks = teachingChunks(profile, settings)?.length ?? 0;
  return { ...known, chunks, unusualChunks: profile.chunks?.leftOut ?? 0 };
}

/** The state of a monitored model in one word, and why. */
function health(
  settings: MonitorSettings,
  latest: WindowRecord | undefined,
  latestFinal: WindowRecord | undefined,
  incident: Incident | undefined,
  firing: readonly Alert[],
): { state: MonitorState; reason: string } {
  // Faults are seen also where nobody watches windows.
  if (settings.paused && !incident?.evidence.fault)
    return { state: 'paused', reason: 'The monitor is paused.' };
  if (incident)
    return { state: incident.severity === 'page' ? 'failing' : 'degraded', reason: incident.reason };
  const loud = firing.find(({ severity }) => severity !== 'digest');
  if (loud) return { state: 'degraded', reason: loud.reason };
  if (!latest) return { state: 'no data', reason: 'No window has closed yet.' };
  const { judgement } = latestFinal ?? latest;
  if (judgement.verdict === 'not enough data') return { state: 'not enough data', reason: judgement.reason };
  if (judgement.verdict === 'learning') return { state: 'not enough data', reason: judgement.reason };
  const [drift] = firing;
  return {
    state: 'healthy',
    reason: drift ? `${drift.reason} Outcomes are within limits.` : judgement.reason,
  };
}

/** Oldest first. @throws monitoring.monitor.not_found */
export async function listWindows(
  scope: Scope,
  deployment: string,
  filter: store.WindowFilter = {},
): Promise<WindowRecord[]> {
  await findMonitor(scope, deployment);
  if (filter.from !== undefined || filter.order === 'oldest')
    return store.listWindows(scope.db, deployment, filter);
  const newest = await store.listWindows(scope.db, deployment, { limit: 400, ...filter, order: 'newest' });
  return newest.reverse();
}

/** The newest windows of every monitored deployment, each list oldest first. */
export async function newestWindows(
  scope: Scope,
  limit: number,
): Promise<{ deployment: string; windows: WindowRecord[] }[]> {
  const monitors = await store.listMonitors(scope.db);
  return Promise.all(
    monitors.map(async ({ deployment }) => ({
      deployment,
      windows: (await store.listWindows(scope.db, deployment, { limit, order: 'newest' })).reverse(),
    })),
  );
}

/** The chunks of the evaluation that teach a reference's limits; empty where live windows do. */
export async function getChunks(scope: Scope, { deployment, profile }: Reference): Promise<ChunkFigures[]> {
  const { spec } = await findMonitor(scope, deployment);
  return chunkFigures(profile, teachingChunks(profile, monitorSettings(spec)) ?? []);
}

/** The reference of the newest window, as windows are judged by it. @throws monitoring.reference.missing */
export async function getReference(scope: Scope, deployment: string, start?: number): Promise<Reference> {
  const window = await windowAt(scope, deployment, start);
  const reference = window.reference && (await store.getReference(scope.db, window.reference));
  if (!reference) throw monitoringError('monitoring.reference.missing', 'This window has no reference yet.');
  return usualReference(scope.db, reference);
}

async function windowAt(scope: Scope, deployment: string, start?: number): Promise<WindowRecord> {
  await findMonitor(scope, deployment);
  const filter =
    start === undefined ? { order: 'newest' as const, limit: 1 } : { from: start, to: start + 1, limit: 1 };
  const [window] = await store.listWindows(scope.db, deployment, filter);
  if (!window) throw monitoringError('monitoring.window.not_found', 'There is no window with this start.');
  return window;
}

/** Reference and current counts of one column on the same frozen bins. `feature` may be `score`. */
export async function compare(scope: Scope, deployment: string, feature: string, start?: number) {
  const window = await windowAt(scope, deployment, start);
  const { profile, source } = await getReference(scope, deployment, window.start);
  const isScore = feature === 'score' && !profile.features.score;
  const column = isScore ? profile.score : profile.features[feature];
  const current = window.facts.counts[isScore ? scoreColumn : feature];
  if (!column || !current)
    throw monitoringError('monitoring.feature.not_found', 'The reference has no feature of this name.');
  const figure = isScore
    ? window.judgement.prediction
    : window.judgement.drift.find((one) => one.feature === feature);
  return {
    feature,
    start: window.start,
    end: window.end,
    kind: column.bins.kind,
    source,
    labels: binLabels(column.bins),
    edges: column.bins.kind === 'edges' ? column.bins.edges : column.bins.values,
    reference: column.counts,
    current,
    contributions: [...psiContributions(column.counts, current)].map((part) => part || 0),
    figure: figure ?? null,
  };
}
