import { newId } from '../../platform/ids.ts';
import { type Scope, transact } from '../../platform/scope.ts';
import { advance, resetAlerts } from './incidents/incidents.service.ts';
import { type Former, judgeWindow } from './judge.model.ts';
import type { Reference, WindowFacts, WindowRecord } from './monitoring.model.ts';
import { type MonitorSettings, monitorSettings } from './monitoring.settings.ts';
import * as store from './monitoring.store.ts';
import type { RegistryPort, ServingPort } from './ports.ts';
import type { ReferenceProfile } from './statistics/reference.ts';
import { usualReference } from './usual-reference.ts';
import { collect, findDue } from './windows/collect.ts';
import type { Due } from './windows/due.model.ts';

export type Doors = { serving: ServingPort; registry: RegistryPort };

/** Windows counted in one pass over the log; more are taken in further passes. */
const windowsPerPass = 32;
/** Former champions whose spread counts for the limits of the present one. */
const mostFormer = 8;

/** What of a deployment is due now; cheap enough to ask every second. */
export async function due(doors: Doors, scope: Scope, deployment: string): Promise<Due[]> {
  const monitor = await store.findMonitor(scope.db, deployment);
  if (!monitor) return [];
  const states = await store.windowStates(scope.db, deployment);
  return findDue(doors.serving, scope, deployment, monitorSettings(monitor.spec), states);
}

/**
 * Evaluates all windows of a deployment that are due, in order of event time; each commits by itself, together with
 * the alerts and incidents that follow from it. Doing it again changes nothing. Returns how many were evaluated.
 */
export async function evaluate(
  doors: Doors,
  scope: Scope,
  deployment: string,
  signal?: AbortSignal,
): Promise<number> {
  const monitor = await store.findMonitor(scope.db, deployment);
  if (!monitor) return 0;
  const settings = monitorSettings(monitor.spec);
  const states = await store.windowStates(scope.db, deployment);
  const all = await findDue(doors.serving, scope, deployment, settings, states);
  for (let at = 0; at < all.length; at += windowsPerPass) {
    if (signal?.aborted) return at;
    const batch = all.slice(at, at + windowsPerPass);
    const starts = [...new Set(batch.map(({ start }) => start))].sort((a, b) => a - b);
    const counted = await collect(doors.serving, scope, deployment, settings, starts, (revision, freeze) =>
      referenceFor(doors, scope, deployment, revision, freeze),
    );
    for (const one of batch) {
      const found = counted.get(one.start);
      if (found) await evaluateWindow(scope, deployment, settings, one, found);
    }
  }
  return all.length;
}

async function evaluateWindow(
  scope: Scope,
  deployment: string,
  settings: MonitorSettings,
  { start, phase }: Due,
  { facts, reference }: { facts: WindowFacts; reference: Reference | null },
): Promise<void> {
  const state = phase === 'settle' ? 'final' : 'provisional';
  await transact(scope, async (tx) => {
    const before = reference ? await historyOf(tx, reference, start, settings) : [];
    const former = reference ? await formerOf(tx, reference, start, settings) : [];
    const usual = reference && (await usualReference(tx.db, reference));
    const window: WindowRecord = {
      deployment,
      start,
      end: facts.end,
      state,
      revision: facts.revision,
      reference: reference?.id ?? null,
      rows: facts.rows,
      labelled: facts.labelled,
      facts,
      judgement: judgeWindow(facts, state, usual, before, settings, former),
      evaluatedAt: tx.now(),
    };
    await store.putWindow(tx.db, window);
    if (!reference) return;
    if (before.length === 0 && state === 'provisional') await resetAlerts(tx, deployment);
    const series = state === 'final' ? before.filter((one) => one.state === 'final') : before;
    const { model, version } = reference;
    await advance(tx, window, { settings, series: [...series, window], model, version });
  });
}

/** The earlier windows that matter: the first ones teach the limits, the newest ones are counted for persistence. */
async function historyOf(
  { db }: Scope,
  { id, deployment }: Reference,
  start: number,
  { learningWindows, persistence }: MonitorSettings,
): Promise<WindowRecord[]> {
  const filter = { reference: id, to: start };
  const first = await store.listWindows(db, deployment, { ...filter, limit: 2 * learningWindows });
  const newest = await store.listWindows(db, deployment, {
    ...filter,
    limit: 2 * persistence.of,
    order: 'newest',
  });
  const last = first.at(-1)?.start ?? Number.NEGATIVE_INFINITY;
  return [...first, ...newest.reverse().filter((window) => window.start > last)];
}

/** The newest former references that had a window before this one, and what taught their limits. */
async function formerOf(
  { db }: Scope,
  { id, deployment }: Reference,
  start: number,
  settings: MonitorSettings,
): Promise<Former[]> {
  const found: Former[] = [];
  const others = [...(await store.referencesOf(db, deployment)).keys()].filter((one) => one !== id);
  for (const other of others.reverse()) {
    if (found.length === mostFormer) break;
    const reference = await store.getReference(db, other);
    if (!reference) continue;
    const filter = {
      reference: other,
      to: start,
      state: 'final',
      limit: 2 * settings.learningWindows,
    } as const;
    const windows = await store.listWindows(db, deployment, filter);
    if (windows.length > 0) found.push({ reference: await usualReference(db, reference), windows });
  }
  return found;
}

/** The frozen reference of a revision: its training profile, else its first windows. Null while there is neither. */
async function referenceFor(
  { serving, registry }: Doors,
  scope: Scope,
  deployment: string,
  revisionId: string,
  freeze: (features: readonly string[]) => Promise<ReferenceProfile | null>,
): Promise<Reference | null> {
  const known = await store.findReference(scope.db, deployment, revisionId);
  if (known) return known;
  const revision = await serving.getRevision(scope, revisionId);
  if (!revision) return null;
  const { model, version, features } = revision;
  const registered = await registry.findVersion(scope, model, version);
  const digest = registered?.trainingProfile ?? null;
  const profile = digest ? await registry.profile(scope, digest) : await freeze(features);
  if (!profile) return null;
  const evaluation = registered && (await registry.latestEvaluation(scope, model, registered.digest));
  const importance = evaluation
    ? Object.fromEntries(
        evaluation.report.importance.map(({ feature, auc }) => [feature, Math.max(0, auc ?? 0)]),
      )
    : null;
  return store.keepReference(scope.db, {
    id: newId('reference', scope.now()),
    deployment,
    revision: revisionId,
    model,
    version,
    source: digest ? 'training' : 'live',
    profile,
    importance,
    createdAt: scope.now(),
  });
}
