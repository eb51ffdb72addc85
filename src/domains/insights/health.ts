import { isoTime } from '../../platform/clock.ts';
import { listEvents } from '../../platform/ledger/index.ts';
import type { Scope } from '../../platform/scope.ts';
import type { MonitorStatus, WindowRecord } from '../monitoring/index.ts';
import type { Deployment, RevisionMeter, Rollout } from '../serving/index.ts';
import type { HealthStrip } from './insights.contract.ts';
import type { InsightsNeeds } from './overview.service.ts';

const sparkWindows = 60;
const metricNames = { 'log-loss': 'logLoss', brier: 'brier', auc: 'auc' } as const;
const openStates = ['awaiting-approval', 'shadow', 'canary', 'held'];

/** One deployment on one line: what serves, how it answers, how good it is. */
export async function healthStrip(
  needs: InsightsNeeds,
  scope: Scope,
  deployment: Deployment,
  monitor: MonitorStatus | undefined,
): Promise<HealthStrip> {
  const { name } = deployment;
  const [revision, rollouts, windows, [promotion], incidents] = await Promise.all([
    deployment.champion ? needs.serving.getRevision(scope, deployment.champion) : undefined,
    needs.serving.listRollouts(scope, { deployment: name, limit: 20 }),
    monitor ? needs.monitoring.listWindows(scope, name, { limit: sparkWindows }) : [],
    listEvents(scope, {
      subject: `deployment:${name}`,
      types: ['serving.rollout.promoted', 'serving.rollout.rolled-back'],
      limit: 1,
    }),
    needs.monitoring.listIncidents(scope, { deployment: name, state: 'active' }),
  ]);
  const metric = metricNames[monitor?.settings.metric ?? 'log-loss'];
  const final = windows.filter(({ state, judgement }) => state === 'final' && judgement.performance !== null);
  const last = final.at(-1);
  const meters = needs.serving.meters(name);
  const rollout = rollouts.find(({ state }) => openStates.includes(state));
  const route = needs.serving.liveRoutes().find((one) => one.deployment === name);
  return {
    name,
    environment: deployment.environment,
    ...stateOf(deployment, monitor, route?.error ?? null),
    model: revision?.model ?? null,
    version: revision?.version ?? null,
    championSince: isoTime(promotion?.time ?? null),
    ...traffic(meters, scope.now()),
    performance: last ? performanceOf(last, metric) : null,
    driftedFeatures: windows.at(-1)?.judgement.drift.filter(({ flag }) => flag).length ?? 0,
    watchedFeatures: windows.at(-1)?.judgement.drift.length ?? 0,
    labelCoverage: last ? last.labelled / Math.max(1, last.facts.revisionRows) : null,
    openIncidents: incidents.length,
    rollout: rollout ? await rolloutOf(needs, scope, rollout) : null,
    lastWindowAt: isoTime(windows.at(-1)?.end ?? null),
    sparkline: {
      requests: windows.map(({ rows }) => rows),
      metric: windows.map(({ state, judgement }) =>
        state === 'final' ? (judgement.performance?.[metric].value ?? null) : null,
      ),
      limit: last?.judgement.performance?.[metric].limit ?? null,
      states: windows.map(({ judgement }) => shown[judgement.verdict]),
      starts: windows.map(({ start }) => isoTime(start)),
    },
  };
}

/** Verdicts of windows in the few words for state. */
const shown: Record<WindowRecord['judgement']['verdict'], string> = {
  healthy: 'healthy',
  drifting: 'healthy',
  provisional: 'healthy',
  degraded: 'degraded',
  learning: 'not enough data',
  'not enough data': 'not enough data',
};

/** The worse of what serving and monitoring say. */
function stateOf(deployment: Deployment, monitor: MonitorStatus | undefined, error: string | null) {
  if (error !== null) return { state: 'failing', reason: error };
  if (deployment.champion === null) return { state: 'no data', reason: 'It serves no version yet.' };
  if (!monitor) return { state: 'no data', reason: 'It has no monitor yet.' };
  return { state: monitor.state, reason: monitor.reason };
}

function performanceOf(
  window: WindowRecord,
  metric: 'logLoss' | 'brier' | 'auc',
): HealthStrip['performance'] {
  const { performance } = window.judgement;
  if (!performance || performance[metric].value === null) return null;
  const { value, low, high, limit } = performance[metric];
  return { metric, value: value as number, low, high, limit, n: performance.n, at: isoTime(window.end) };
}

async function rolloutOf(
  needs: InsightsNeeds,
  scope: Scope,
  rollout: Rollout,
): Promise<HealthStrip['rollout']> {
  const challenger = await needs.serving.getRevision(scope, rollout.challenger);
  return {
    id: rollout.id,
    state: rollout.state,
    version: challenger?.version ?? null,
    weight: rollout.weight,
  };
}

/** The last minute of a deployment. */
function traffic(meters: readonly RevisionMeter[], now: number) {
  const second = Math.floor(now / 1000);
  const latency = new Map<number, number>();
  let requests = 0;
  let errors = 0;
  for (const meter of meters) {
    for (let back = 1; back <= 60; back++) {
      const slot = meter.ring.get(second - back);
      if (!slot) continue;
      requests += slot.requests;
      errors += slot.errors;
      for (const [bucket, count] of slot.latency) latency.set(bucket, (latency.get(bucket) ?? 0) + count);
    }
  }
  return {
    requestsPerMinute: requests,
    errorRate: requests > 0 ? errors / requests : null,
    p99Ms: quantileOf(latency, requests, 0.99),
  };
}

/** Buckets are eighths of an octave of milliseconds. */
function quantileOf(latency: ReadonlyMap<number, number>, count: number, share: number): number | null {
  let seen = 0;
  for (const [bucket, n] of [...latency].sort((a, b) => a[0] - b[0])) {
    seen += n;
    if (seen >= share * count) return 2 ** (bucket / 8);
  }
  return null;
}
