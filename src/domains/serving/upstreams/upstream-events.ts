import { record } from '../../../platform/ledger/index.ts';
import { errorText } from '../../../platform/log.ts';
import type { Platform } from '../../../platform/platform.ts';
import { transact } from '../../../platform/scope.ts';
import type { CircuitChange } from './circuit.ts';
import type { Upstream } from './remote-model.ts';

/** Writes that an upstream was given up for a while, or is back; off the path of the request that found out. */
export async function recordUpstream(
  platform: Platform,
  { deployment, revision, upstream }: { deployment: string; revision: string; upstream: Upstream },
  { isOpen, reason }: CircuitChange,
): Promise<void> {
  try {
    await transact(platform.systemScope('system:serving'), (tx) =>
      record(tx, {
        type: isOpen ? 'serving.upstream.failed' : 'serving.upstream.recovered',
        subject: `deployment:${deployment}`,
        data: { deployment, revision, url: upstream.url, reason },
        uses: [`revision:${revision}`],
      }),
    );
  } catch (error) {
    platform.log.error('a change of an upstream was not recorded', { deployment, error: errorText(error) });
  }
}
