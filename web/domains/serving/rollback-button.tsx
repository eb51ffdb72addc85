import { Button } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import type { Deployment } from '../../api/types.ts';
import { Confirm } from '../../ui/overlay.tsx';
import { toast } from '../../ui/toast.tsx';

/** One click back to the champion before; the question names both versions. */
export function RollbackButton({ deployment }: { deployment: Deployment }) {
  const [asked, ask] = useState(false);
  const { champion, previous, name } = deployment;
  if (!champion || !previous) return null;
  const named = (revision: { model: string; version: number }) =>
    champion.model === previous.model
      ? `version ${revision.version}`
      : `${revision.model} version ${revision.version}`;
  return (
    <>
      <Button variant="default" leftSection={<IconArrowBackUp size={14} />} onClick={() => ask(true)}>
        Back to {named(previous)}
      </Button>
      <Confirm
        open={asked}
        close={() => ask(false)}
        title={`Roll ${name} back from ${named(champion)} to ${named(previous)}`}
        verb={`Go back to ${named(previous)}`}
        danger
        reason="required"
        run={async (reason) => {
          await api.post(path`/api/serving/deployments/${name}/rollback`, { reason });
          toast(`${name} answers with ${named(previous)} again.`);
        }}
      >
        {named(previous)[0]?.toUpperCase()}
        {named(previous).slice(1)} is loaded and answers from the next request on; no request fails. A rollout
        that is under way ends. {named(champion)[0]?.toUpperCase()}
        {named(champion).slice(1)} stays registered and can be deployed again.
      </Confirm>
    </>
  );
}
