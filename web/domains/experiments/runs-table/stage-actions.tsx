import { Button } from '@mantine/core';
import { useState } from 'react';
import { api } from '../../../api/client.ts';
import { useAct } from '../../../api/hooks.ts';
import { plural } from '../../../ui/format.ts';
import { Confirm } from '../../../ui/overlay.tsx';

type StageActionsProps = {
  ids: string[];
  stage: 'active' | 'deleted';
  /** What is deleted, when it is one run. */
  name?: string;
  after?: () => void;
};

/** Deletes runs after asking, or restores them. */
export function StageActions({ ids, stage, name, after }: StageActionsProps) {
  const [asks, setAsks] = useState(false);
  const what = name ?? plural(ids.length, 'run');
  const move = useAct(
    (to: 'active' | 'deleted') =>
      api.post<{ changed: number }>('/api/experiments/runs/stage', { ids, stage: to }),
    {
      done: ({ changed }, to) => `${plural(changed, 'run')} ${to === 'deleted' ? 'deleted' : 'restored'}.`,
      refresh: ['experiments'],
      quiet: stage === 'active',
      after: () => after?.(),
    },
  );
  if (stage === 'deleted') {
    return (
      <Button variant="default" loading={move.isPending} onClick={() => move.mutate('active')}>
        Restore {what}
      </Button>
    );
  }
  return (
    <>
      <Button variant="default" onClick={() => setAsks(true)}>
        Delete {name ? '' : what}
      </Button>
      <Confirm
        open={asks}
        close={() => setAsks(false)}
        title={`Delete ${what}`}
        verb="Delete"
        danger
        run={() => move.mutateAsync('deleted')}
      >
        They leave lists and searches but keep all they logged; you can restore them from the deleted runs of
        the experiment.
      </Confirm>
    </>
  );
}
