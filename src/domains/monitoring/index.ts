import type { Json } from '../../platform/json.ts';
import type { DomainModule } from '../../platform/module.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Scope } from '../../platform/scope.ts';
import { evaluate } from './evaluate.service.ts';
import { createDatabaseWatch } from './faults/database-watch.ts';
import { faultTypes } from './faults/fault-rules.ts';
import { healAfterRestart, onFaultEvent } from './faults/faults.service.ts';
import { getIncident } from './incidents/handling.service.ts';
import { listAlerts, listIncidents } from './incidents/incidents.store.ts';
import { MonitorSpec, type MonitorSpecInput } from './monitoring.contract.ts';
import type { Alert, Incident, WindowRecord } from './monitoring.model.ts';
import { monitoringRoutes } from './monitoring.routes.ts';
import * as service from './monitoring.service.ts';
import * as store from './monitoring.store.ts';
import { monitoringMigrations } from './monitoring.tables.ts';
import type { RegistryPort, ServingPort } from './ports.ts';
import { createWatcher, evaluateJob } from './watcher.ts';

export type { MonitorSpecInput } from './monitoring.contract.ts';
export type { Alert, Evidence, Incident, Judgement, WindowRecord } from './monitoring.model.ts';
export type { MonitorState, MonitorStatus } from './monitoring.service.ts';
export type { MonitorSettings } from './monitoring.settings.ts';

/** What higher floors may do with monitoring. */
export type MonitoringDoor = {
  listMonitors(scope: Scope): Promise<service.MonitorStatus[]>;
  /** @throws monitoring.monitor.not_found */
  getMonitor(scope: Scope, deployment: string): Promise<service.MonitorStatus>;
  /** Creates or tunes a monitor. */
  putMonitor(scope: Scope, deployment: string, spec: MonitorSpecInput): Promise<void>;
  /** Oldest first; without `from` the newest `limit` (400). @throws monitoring.monitor.not_found */
  listWindows(scope: Scope, deployment: string, filter?: store.WindowFilter): Promise<WindowRecord[]>;
  /** Newest first. `state`: open, acknowledged, resolved, or active for the first two. */
  listIncidents(
    scope: Scope,
    filter?: { deployment?: string; state?: string; limit?: number },
  ): Promise<Incident[]>;
  getIncident(scope: Scope, id: string): Promise<Incident>;
  /** Newest first. */
  listAlerts(
    scope: Scope,
    filter?: { deployment?: string; states?: readonly string[]; limit?: number },
  ): Promise<Alert[]>;
  /** Evaluates all windows that are due now, as the job does; returns how many. */
  evaluate(scope: Scope, deployment: string): Promise<number>;
};

export type MonitoringDomain = DomainModule & MonitoringDoor;

/** Monitoring: windows by event time, drift, performance, alerts and incidents. */
export function createMonitoringDomain(
  platform: Platform,
  needs: { serving: ServingPort; registry: RegistryPort; pipelines?: unknown },
): MonitoringDomain {
  const doors = { serving: needs.serving, registry: needs.registry };
  const watcher = createWatcher(platform, doors);
  const database = createDatabaseWatch(platform);
  return {
    name: 'monitoring',
    migrations: monitoringMigrations,
    routes: monitoringRoutes,
    jobs: [
      {
        kind: evaluateJob,
        async run(scope, payload, job) {
          await evaluate(doors, scope, String(payload.deployment), job.signal);
        },
      },
    ],
    reactors: [
      {
        name: 'monitoring-deployments',
        types: ['serving.deployment.created'],
        async handle(scope, event) {
          await service.ensureMonitor(scope, String(event.data.deployment));
        },
      },
      // What went wrong before somebody watched is over: it opens no incident at an upgrade.
      { name: 'monitoring-faults', types: faultTypes, begins: 'last', handle: onFaultEvent },
    ],
    declarables: [
      {
        kind: 'monitors',
        schema: MonitorSpec,
        order: 70,
        async list(scope) {
          const monitors = await store.listMonitors(scope.db);
          return Object.fromEntries(
            monitors.map(({ deployment, spec }) => [deployment, spec as unknown as Json]),
          );
        },
        async apply(tx, name, spec) {
          await service.putMonitor(tx, name, spec as unknown as MonitorSpecInput);
        },
      },
    ],
    async start(scope) {
      for (const { name } of await needs.serving.listDeployments(scope))
        await service.ensureMonitor(scope, name);
      await healAfterRestart(scope);
      watcher.start();
      database.start();
    },
    async stop() {
      await Promise.all([watcher.stop(), database.stop()]);
    },
    listMonitors: service.listMonitors,
    getMonitor: service.getMonitor,
    putMonitor: service.putMonitor,
    listWindows: service.listWindows,
    listIncidents: (scope, filter) => listIncidents(scope.db, filter),
    getIncident,
    listAlerts: (scope, filter) => listAlerts(scope.db, filter),
    evaluate: (scope, deployment) => evaluate(doors, scope, deployment),
  };
}
