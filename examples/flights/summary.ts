import type { HoustonClient } from '../../src/client/client.ts';
import type { ReplayCounts } from './replay.ts';

/** The result of the story, every value read back from the server's public API. */
export type DemoResult = {
  requests: number;
  failed_requests: number;
  p99_ms: number;
  batches_refused: number;
  drift_events: number;
  incidents_opened: number;
  incidents_resolved: number;
  retrainings: number;
  versions_registered: number;
  gate_refusals: number;
  promotions: number;
  rollbacks: number;
  champion_version: number;
  auc_first: number;
  auc_champion: number;
  champion_beats_first: { better: boolean; p_value: number; log_loss_difference: number; rows: number };
  ledger_events: number;
  ledger_verified: boolean;
  wall_seconds: number;
  rss_mb: number;
};

type Comparison = {
  rows: number;
  aucLive: number;
  aucOther: number;
  difference: number;
  pValue: number;
  logLoss: { difference: number; pValue: number };
};

type Period = { deployment: string; from: number; to: number; started: number; counts: ReplayCounts };

export async function readResult(client: HoustonClient, period: Period): Promise<DemoResult> {
  const count = async (type: string, keep: (data: Record<string, unknown>) => boolean = () => true) => {
    const reply = await client.get<{ items: { data: Record<string, unknown> }[] }>('/api/ledger/events', {
      type,
      limit: 1000,
    });
    return reply.items.filter((event) => keep(event.data)).length;
  };
  const deployment = await client.get<{
    champion: { version: number };
    traffic: { requests: number; errors: number; p99Ms: number | null };
  }>(`/api/serving/deployments/${period.deployment}`);
  const exam = await client.post<Comparison>(`/api/serving/deployments/${period.deployment}/comparisons`, {
    version: 1,
    from: new Date(period.from).toISOString(),
    to: new Date(period.to).toISOString(),
  });
  const ledger = await client.post<{ ok: boolean; events: number }>('/api/ledger/verify', {});
  const metrics = (await client.download('/metrics')).toString();
  const rss = Number(metrics.match(/^process_resident_memory_bytes\s+(\S+)/m)?.[1] ?? Number.NaN);
  const better = exam.aucLive > exam.aucOther && exam.pValue < 0.05;
  return {
    requests: deployment.traffic.requests,
    failed_requests: Math.max(deployment.traffic.errors, period.counts.failed),
    p99_ms: round(deployment.traffic.p99Ms ?? Number.NaN, 2),
    batches_refused: await count('data.batch.refused'),
    drift_events: await count('monitoring.drift.detected'),
    incidents_opened: await count('monitoring.incident.opened'),
    incidents_resolved: await count('monitoring.incident.resolved'),
    retrainings: await count('pipelines.run.started', (data) => data.trigger === 'incident'),
    versions_registered: await count('registry.version.registered'),
    gate_refusals: await count('registry.gate.refused'),
    promotions: await count('serving.rollout.promoted'),
    rollbacks: await count('serving.rollout.rolled-back'),
    champion_version: deployment.champion.version,
    auc_first: round(exam.aucOther, 5),
    auc_champion: round(exam.aucLive, 5),
    champion_beats_first: {
      better,
      p_value: exam.pValue,
      log_loss_difference: round(exam.logLoss.difference, 6),
      rows: exam.rows,
    },
    ledger_events: ledger.events,
    ledger_verified: ledger.ok,
    wall_seconds: round((Date.now() - period.started) / 1000, 1),
    rss_mb: round(rss / 2 ** 20, 0),
  };
}

const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;
