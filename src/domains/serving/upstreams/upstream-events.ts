import { record } from '../../../platform/ledger/index.ts';
import { transact } from '../../../platform/scope.ts';
import type { LateWrites } from '../faults/late-writes.ts';
import type { CircuitChange } from './circuit.ts';
import type { Upstream } from './remote-model.ts';

/** Writes that an upstream was given up for a while, or is back; off the path of the request that found out. */
export function recordUpstream(
  late: LateWrites,
  { deployment, revision, upstream }: { deployment: string; revision: string; upstream: Upstream },
  { isOpen, reason }: CircuitChange,
): void {
  late.push(`a change of the upstream of ${deployment}`, (scope) =>
    transact(scope, (tx) =>
      record(tx, {
        type: isOpen ? 'serving.upstream.failed' : 'serving.upstream.recovered',
        subject: `deployment:${deployment}`,
        data: { deployment, revision, url: upstream.url, reason },
        uses: [`revision:${revision}`],
      }),
    ),
  );
}
