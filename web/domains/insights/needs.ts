import { useList } from '../../api/hooks.ts';
import type { Approval, DeadLetter, Deployment, Incident } from '../../api/types.ts';

/** Something that waits for a person. */
export type Need =
  | { kind: 'approval'; approval: Approval; since: string | undefined }
  | { kind: 'rollout'; deployment: Deployment; since: string | undefined }
  | { kind: 'incident'; incident: Incident; since: string | undefined }
  | { kind: 'dead-letter'; letter: DeadLetter; since: string | undefined };

/**
 * What waits for a person now: approvals, held rollouts, incidents nobody has taken, events that
 * the automation gave up on. Oldest first.
 */
export function useNeeds(): { needs: Need[]; known: boolean } {
  const approvals = useList<Approval>('/api/governance/approvals', { query: { state: 'pending' } });
  const deployments = useList<Deployment>('/api/serving/deployments');
  const incidents = useList<Incident>('/api/monitoring/incidents');
  const letters = useList<DeadLetter>('/api/ledger/dead-letters');
  const needs: Need[] = [
    ...(approvals.data?.items ?? [])
      .filter((approval) => approval.state === 'pending')
      .map(
        (approval): Need => ({
          kind: 'approval',
          approval,
          since: approval.requestedAt,
        }),
      ),
    ...(deployments.data?.items ?? [])
      .filter((deployment) => deployment.rollout?.state === 'held')
      .map(
        (deployment): Need => ({
          kind: 'rollout',
          deployment,
          since: deployment.rollout?.startedAt ?? undefined,
        }),
      ),
    ...(incidents.data?.items ?? [])
      .filter((incident) => incident.state === 'open')
      .map((incident): Need => ({ kind: 'incident', incident, since: incident.openedAt })),
    ...(letters.data?.items ?? []).map(
      (letter): Need => ({ kind: 'dead-letter', letter, since: letter.time }),
    ),
  ];
  needs.sort((left, right) => String(left.since ?? '').localeCompare(String(right.since ?? '')));
  return { needs, known: approvals.isFetched && deployments.isFetched && incidents.isFetched };
}
