import { newId } from '../../../platform/ids.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact, withCause } from '../../../platform/scope.ts';
import { monitoringError } from '../monitoring.errors.ts';
import type { Incident } from '../monitoring.model.ts';
import { resolve } from './incidents.service.ts';
import * as incidents from './incidents.store.ts';

/** @throws monitoring.incident.not_found */
export async function getIncident(scope: Scope, id: string): Promise<Incident> {
  const incident = await incidents.findIncident(scope.db, id);
  if (!incident) throw monitoringError('monitoring.incident.not_found', 'There is no incident with this id.');
  return incident;
}

export async function acknowledge(scope: Scope, id: string): Promise<Incident> {
  authorise(scope, 'monitoring.write');
  return transact(scope, async (tx) => {
    const incident = await getIncident(tx, id);
    refuseResolved(incident);
    if (incident.state === 'acknowledged') return incident;
    const next: Incident = {
      ...incident,
      state: 'acknowledged',
      acknowledgedAt: tx.now(),
      acknowledgedBy: tx.actor,
    };
    await incidents.updateIncident(tx.db, next);
    await record(withCause(tx, incident.event), {
      type: 'monitoring.incident.acknowledged',
      subject: `incident:${id}`,
      data: { incident: id, deployment: incident.deployment },
      uses: [`deployment:${incident.deployment}`],
    });
    return next;
  });
}

export async function resolveIncident(scope: Scope, id: string, reason: string): Promise<Incident> {
  authorise(scope, 'monitoring.write');
  return transact(scope, async (tx) => {
    const incident = await getIncident(tx, id);
    refuseResolved(incident);
    return resolve(withCause(tx, incident.event), incident, {
      by: tx.actor,
      resolution: reason,
      window: null,
    });
  });
}

function refuseResolved({ state }: Incident): void {
  if (state === 'resolved')
    throw monitoringError('monitoring.incident.resolved', 'This incident is resolved already.');
}

/** Adds a remark of a person to the timeline; remarks do not go to the ledger. */
export async function addNote(scope: Scope, id: string, text: string): Promise<void> {
  authorise(scope, 'monitoring.write');
  await getIncident(scope, id);
  const now = scope.now();
  await incidents.insertNote(scope.db, {
    id: newId('note', now),
    incident: id,
    time: now,
    actor: scope.actor,
    text,
  });
}
