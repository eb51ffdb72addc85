import { Button } from '@mantine/core';
import { IconShieldCheck } from '@tabler/icons-react';
import type { UseMutationResult } from '@tanstack/react-query';
import { type ApiError, api } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import type { Verification } from '../../api/types.ts';
import { Digest } from '../../ui/copy-id.tsx';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { group } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';

export type Verify = UseMutationResult<Verification, ApiError, void>;

/** Verification of the whole ledger, on demand. */
export function useVerify(): Verify {
  return useAct<void, Verification>(() => api.post<Verification>('/api/ledger/verify'), { quiet: true });
}

export function VerifyButton({ verify }: { verify: Verify }) {
  return (
    <Button
      leftSection={<IconShieldCheck size={15} />}
      loading={verify.isPending}
      onClick={() => verify.mutate()}
    >
      Verify the ledger
    </Button>
  );
}

/** What the verification found: proven, or the first event that is not as it was written. */
export function VerifyResult({ verify }: { verify: Verify }) {
  if (verify.error) return <ErrorPanel error={verify.error} kept="The ledger itself was only read." />;
  const found = verify.data;
  if (!found) return null;
  return (
    <Panel title="Verification" actions={<StateBadge state={found.ok ? 'passed' : 'failed'} />}>
      <div className="stack">
        <div>
          {found.ok
            ? `All ${group(found.events)} events are as they were written: each hash fits its content and its predecessor, and every signed checkpoint agrees.`
            : `Event ${found.firstBad?.seq} is the first that is not as it was written. ${found.firstBad?.reason ?? ''}`}
        </div>
        <KeyValue
          items={[
            ['Events read', group(found.events)],
            [
              'Signed checkpoints',
              `${group(found.checkpoints)}, the newest at event ${group(found.checkpointedUpTo)}`,
            ],
            ['Head', <Digest key="h" digest={found.head} />],
            ['First bad event', found.firstBad?.id ?? undefined],
          ]}
        />
      </div>
    </Panel>
  );
}
