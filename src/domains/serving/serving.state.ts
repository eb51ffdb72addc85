import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { dataFolder } from '../../platform/config.ts';
import { errorText } from '../../platform/log.ts';
import type { Platform } from '../../platform/platform.ts';
import type { PromotionPolicy, RegistryDoor } from '../registry/index.ts';
import { createGate, type ServerLoad } from './admission/gate.ts';
import type { CacheRoom } from './cache/result-cache.ts';
import { createFailureBook, type FailureBook } from './failures/failure-book.ts';
import { createFaultBook, type FaultBook } from './faults/fault-book.ts';
import { createLateWrites, type LateWrites } from './faults/late-writes.ts';
import { createIsolation, type Isolation } from './isolation/isolation.service.ts';
import { createMeterBook, type MeterBook } from './meter/meter-book.ts';
import { createServingHistory, type ServingHistory } from './observability/serving-history.ts';
import { openPredictionLog, type PredictionLog } from './recorder/prediction-log.ts';
import { createTurnCommit, type TurnCommit } from './recorder/turn-commit.ts';
import { type AsideQueue, createAsideQueue } from './routing/aside-queue.ts';
import type { FeaturesPort } from './routing/feature-port.ts';
import { type Route, revisionsOf } from './routing/route.ts';
import type { LiveRevision } from './runtime/live-revision.ts';
import { servingError } from './serving.errors.ts';

/** What serving keeps in memory: routes, prediction logs, meters. Everything in it is rebuilt at start. */
export type ServingState = {
  readonly platform: Platform;
  readonly registry: RegistryDoor;
  readonly features: FeaturesPort | null;
  readonly promotionPolicy: PromotionPolicy;
  readonly routes: Map<string, Route>;
  readonly logs: Map<string, PredictionLog>;
  /** Deployments that a person took off the air, until they are loaded again. */
  readonly unloaded: Set<string>;
  /** Meters of the revisions that have served in this process. */
  readonly meters: MeterBook;
  /** What happened to requests over the last day. */
  readonly history: ServingHistory;
  /** Requests that failed or were refused, with examples. */
  readonly failures: FailureBook;
  readonly turn: TurnCommit;
  readonly aside: AsideQueue;
  /** What the caches of all deployments take up. */
  readonly cacheRoom: CacheRoom;
  /** Whether a model may be opened in this process. */
  readonly isolation: Isolation;
  /** What goes wrong with revisions, and which are in quarantine. */
  readonly faults: FaultBook;
  /** What must be written also when the database is away for now. */
  readonly late: LateWrites;
  /** Folders of logs whose disk refuses records now. */
  readonly refusingLogs: Set<string>;
  /** Records that the disk refused since the start. */
  droppedRecords: number;
  /** The route of a deployment, empty when it is new. */
  route(deployment: string): Route;
  /** The log of a deployment, also of one that was removed. @throws serving.deployment.not_found when there never was one */
  log(deployment: string): PredictionLog;
  /** Whether something was ever recorded for it, be it removed since. */
  hasLog(deployment: string): boolean;
  /** What is kept in memory of recorded requests registers here, to let go of it when they are erased or expire. */
  readonly forgetters: Set<(deployment: string) => void>;
  forget(deployment: string): void;
  /** Runs `work` alone among the changes of one deployment. */
  exclusive<T>(deployment: string, work: () => Promise<T>): Promise<T>;
  /** Whether a change of the deployment is under way or waits. */
  isChanging(deployment: string): boolean;
  /** Lets a revision go once the requests that may still hold it are over. */
  retire(live: LiveRevision, afterMs?: number): void;
  /** Takes a removed deployment out of memory: its models once the requests that may hold them are over. */
  drop(deployment: string): void;
  /** Takes the log of a deployment that is no more out of memory; its files stay. */
  closeLog(log: PredictionLog): Promise<void>;
  close(): Promise<void>;
};

const drainMs = 15_000;
/** Requests under way in this process; each holds its tensors, so this bounds their memory. */
const mostUnderWay = 16_384;
/** Of the memory for models, what answers may take up beside them. */
const cacheShare = 1 / 8;

/** Creates the empty state of a process. */
export function createServingState(
  platform: Platform,
  needs: { registry: RegistryDoor; features: FeaturesPort | null; promotionPolicy: PromotionPolicy },
): ServingState {
  const routes = new Map<string, Route>();
  const logs = new Map<string, PredictionLog>();
  const queues = new Map<string, Promise<unknown>>();
  const retiring = new Map<NodeJS.Timeout, LiveRevision>();
  const load: ServerLoad = { underWay: 0, most: mostUnderWay };
  const refusingLogs = new Set<string>();
  const turn = createTurnCommit(
    ({ directory }) => {
      state.droppedRecords++;
      if (refusingLogs.has(directory)) return;
      refusingLogs.add(directory);
      platform.log.error('the disk refused prediction records', { folder: directory });
    },
    ({ directory }) => void refusingLogs.delete(directory),
  );
  const aside = createAsideQueue(512, (error) => {
    platform.log.warn('scoring aside failed', { error: errorText(error) });
  });
  const isInUse = (live: LiveRevision) => {
    const route = routes.get(live.revision.deployment);
    return route !== undefined && revisionsOf(route).includes(live);
  };
  const folderOf = (deployment: string) => join(dataFolder(platform.config, 'predictions'), deployment);

  const meters = createMeterBook();
  const foldMeters = (deployment: string) => {
    const route = routes.get(deployment);
    const loaded = [...retiring.values(), ...(route ? revisionsOf(route) : [])];
    const used = new Set(loaded.map(({ revision }) => revision.id));
    meters.fold(deployment, (revision) => used.has(revision) || route?.cold?.id === revision);
  };
  const state: ServingState = {
    platform,
    ...needs,
    routes,
    logs,
    unloaded: new Set(),
    meters,
    history: createServingHistory(meters, routes),
    failures: createFailureBook(platform.now),
    turn,
    aside,
    cacheRoom: { bytes: 0, most: platform.config.modelMemoryBytes * cacheShare },
    isolation: createIsolation(),
    faults: createFaultBook(platform.now),
    late: createLateWrites(platform),
    refusingLogs,
    droppedRecords: 0,
    forgetters: new Set(),
    forget(deployment) {
      routes.get(deployment)?.cache?.clear();
      for (const forget of state.forgetters) forget(deployment);
    },
    route(deployment) {
      let route = routes.get(deployment);
      if (!route) {
        const gate = createGate(load, () => performance.now());
        route = {
          deployment,
          gate,
          cache: null,
          champion: null,
          previous: null,
          fallback: null,
          rollout: null,
          error: null,
          cold: null,
          usedAt: 0,
          retryAt: 0,
        };
        routes.set(deployment, route);
      }
      return route;
    },
    log(deployment) {
      let log = logs.get(deployment);
      if (!log) {
        if (!state.hasLog(deployment))
          throw servingError('serving.deployment.not_found', 'There is no deployment of this name.');
        log = openPredictionLog(folderOf(deployment), deployment, { tables: platform.tables, turn });
        logs.set(deployment, log);
      }
      return log;
    },
    hasLog: (deployment) =>
      routes.has(deployment) || logs.has(deployment) || existsSync(folderOf(deployment)),
    async closeLog(log) {
      if (log.isChanging()) return;
      await log.close();
      if (log.isChanging() || routes.has(log.deployment)) return;
      logs.delete(log.deployment);
    },
    async exclusive(deployment, work) {
      const before = queues.get(deployment) ?? Promise.resolve();
      const mine = before.then(work, work);
      const settled: Promise<unknown> = mine
        .catch(() => undefined)
        .then(() => queues.get(deployment) === settled && queues.delete(deployment));
      queues.set(deployment, settled);
      return mine;
    },
    isChanging: (deployment) => queues.has(deployment),
    retire(live, afterMs = drainMs) {
      const timer = setTimeout(() => {
        retiring.delete(timer);
        if (isInUse(live)) return;
        live.release().catch((error: unknown) => {
          platform.log.error('a retired model was not released', {
            revision: live.revision.id,
            error: errorText(error),
          });
        });
        foldMeters(live.revision.deployment);
      }, afterMs).unref();
      retiring.set(timer, live);
    },
    drop(deployment) {
      const route = routes.get(deployment);
      routes.delete(deployment);
      state.unloaded.delete(deployment);
      state.failures.drop(deployment);
      meters.drop(deployment);
      route?.cache?.clear();
      for (const live of route ? revisionsOf(route) : []) state.retire(live);
    },
    async close() {
      await state.late.stop();
      state.isolation.close();
      await Promise.all(queues.values());
      await aside.idle();
      turn.flush();
      const open = new Set<LiveRevision>(retiring.values());
      for (const timer of retiring.keys()) clearTimeout(timer);
      for (const route of routes.values()) for (const live of revisionsOf(route)) open.add(live);
      await Promise.allSettled([...open].map((live) => live.release()));
      for (const log of logs.values()) await log.close();
      routes.clear();
      logs.clear();
    },
  };
  return state;
}
