import { isoTime } from '../../platform/clock.ts';
import { ledgerHead, listEvents } from '../../platform/ledger/index.ts';
import { authorise, type Scope } from '../../platform/scope.ts';
import type { GovernanceDoor } from '../governance/index.ts';
import type { MonitoringDoor } from '../monitoring/index.ts';
import type { RegistryDoor } from '../registry/index.ts';
import type { ServingDoor } from '../serving/index.ts';
import { type Delivery, delivery } from './delivery.model.ts';
import { happenings } from './happenings.model.ts';
import { healthStrip } from './health.ts';
import type { Need, OverviewReply } from './insights.contract.ts';
import { recordedPredictions } from './predictions.ts';
import { toldTypes } from './sentences.model.ts';

export type InsightsNeeds = {
  serving: Pick<
    ServingDoor,
    'listDeployments' | 'getRevision' | 'listRollouts' | 'meters' | 'liveRoutes' | 'predictionsSql'
  >;
  monitoring: Pick<MonitoringDoor, 'listMonitors' | 'listWindows' | 'listIncidents'>;
  registry: Pick<RegistryDoor, 'countModels'>;
  governance: Pick<GovernanceDoor, 'listApprovals'>;
};

/** Everything that the first page shows, from the ledger and the doors below. */
export async function overview(needs: InsightsNeeds, scope: Scope): Promise<OverviewReply> {
  authorise(scope, 'read');
  const [deployments, monitors] = await Promise.all([
    needs.serving.listDeployments(scope),
    needs.monitoring.listMonitors(scope),
  ]);
  const [strips, needsHuman, recent, counts, speed, predictions] = await Promise.all([
    Promise.all(
      deployments.map((one) =>
        healthStrip(
          needs,
          scope,
          one,
          monitors.find(({ deployment }) => deployment === one.name),
        ),
      ),
    ),
    needsOf(needs, scope),
    listEvents(scope, { types: toldTypes, limit: 500 }),
    totals(needs, scope),
    deliveryOf(scope),
    recordedPredictions(needs.serving, scope, deployments),
  ]);
  return {
    deployments: strips,
    needsHuman,
    recent: happenings(recent, 30).map(({ event, sentence, count, since }) => ({
      seq: event.seq,
      id: event.id,
      time: isoTime(event.time),
      type: event.type,
      actor: event.actor,
      subject: event.subject,
      sentence,
      count,
      since: isoTime(since),
    })),
    totals: { ...counts, deployments: deployments.length, predictions },
    delivery: speed,
  };
}

/** What waits for a person, oldest first. */
async function needsOf(needs: InsightsNeeds, scope: Scope): Promise<Need[]> {
  const [approvals, incidents, rollouts, letters] = await Promise.all([
    needs.governance.listApprovals(scope, { state: 'pending' }),
    needs.monitoring.listIncidents(scope, { state: 'open' }),
    needs.serving.listRollouts(scope, { open: true }),
    scope.db.selectFrom('reactor_dead_letters').selectAll().orderBy('time').limit(20).execute(),
  ]);
  const found: Need[] = [
    ...approvals.map(
      (approval): Need => ({
        kind: 'approval',
        id: approval.id,
        title:
          approval.kind === 'step'
            ? (approval.question ?? 'A pipeline asks for approval')
            : `Approve ${approval.model} version ${approval.version} for ${approval.environment}`,
        subject: `approval:${approval.id}`,
        since: isoTime(approval.requestedAt),
        action: { label: 'Decide', href: `/governance/approvals/${approval.id}` },
      }),
    ),
    ...incidents.map(
      (incident): Need => ({
        kind: 'incident',
        id: incident.id,
        title: `${incident.deployment || 'The server'}: ${incident.reason}`,
        subject: `incident:${incident.id}`,
        since: isoTime(incident.openedAt),
        action: { label: 'Acknowledge', href: `/monitoring/incidents/${incident.id}` },
      }),
    ),
    ...rollouts
      .filter(({ state }) => state === 'held')
      .map(
        (rollout): Need => ({
          kind: 'rollout',
          id: rollout.id,
          title: `${rollout.deployment}: ${rollout.reason}`,
          subject: `rollout:${rollout.id}`,
          since: isoTime(rollout.endedAt ?? rollout.stepAt ?? rollout.createdAt),
          action: { label: 'Decide', href: `/serving/rollouts/${rollout.id}` },
        }),
      ),
    ...letters.map(
      (letter): Need => ({
        kind: 'dead-letter',
        id: `${letter.reactor}/${letter.event_id}`,
        title: `${letter.reactor} could not handle an event: ${letter.error.split('\n')[0]}`,
        subject: letter.event_id,
        since: isoTime(letter.time),
        action: { label: 'Look', href: `/ledger/events/${letter.event_id}` },
      }),
    ),
  ];
  return found.sort((a, b) => a.since.localeCompare(b.since));
}

const counted = {
  datasets: 'data.dataset.created',
  pipelineRuns: 'pipelines.run.started',
} as const;

/** How much there is, counted in the ledger by the index of its types; the registry tells models from prompts. */
async function totals({ registry }: InsightsNeeds, scope: Scope) {
  const types = Object.values(counted);
  const [rows, services, head, registered] = await Promise.all([
    scope.db
      .selectFrom('ledger_events')
      .select(['type', (select) => select.fn.countAll<number>().as('count')])
      .where('type', 'in', types)
      .groupBy('type')
      .execute(),
    listEvents(scope, { types: ['features.service.defined'], limit: 1000 }),
    ledgerHead(scope),
    registry.countModels(scope),
  ]);
  const count = (type: string) => Number(rows.find((row) => row.type === type)?.count ?? 0);
  const names = new Set(
    services.map(({ subject, data }) => String(data.service ?? data.name ?? subject.split('@')[0])),
  );
  return {
    datasets: count(counted.datasets),
    featureServices: names.size,
    ...registered,
    pipelineRuns: count(counted.pipelineRuns),
    events: head.seq,
  };
}

const loopTypes = [
  'data.version.created',
  'pipelines.run.started',
  'registry.version.registered',
  'serving.rollout.promoted',
  'serving.rollout.rolled-back',
  'monitoring.incident.opened',
  'monitoring.incident.resolved',
];

/** From the newest thousand events of the loop. */
async function deliveryOf(scope: Scope): Promise<Delivery> {
  return delivery(await listEvents(scope, { types: loopTypes, limit: 1000 }));
}
