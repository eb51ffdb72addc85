import { Button } from '@mantine/core';
import { useState } from 'react';
import { api, path } from '../../../api/client.ts';
import { useAct } from '../../../api/hooks.ts';
import { plural } from '../../../ui/format.ts';
import { Confirm } from '../../../ui/overlay.tsx';

/** The server takes so many at once. */
const MOST = 1000;

type DeleteTracesProps = { experiment: string; ids: string[]; name?: string; after: () => void };

/** Deletes traces after asking; nothing brings them back. */
export function DeleteTraces({ experiment, ids, name, after }: DeleteTracesProps) {
  const [asks, setAsks] = useState(false);
  const what = name ?? plural(ids.length, 'trace');
  const remove = useAct(
    async () => {
      let deleted = 0;
      for (let from = 0; from < ids.length; from += MOST) {
        const some = ids.slice(from, from + MOST);
        const target = path`/api/experiments/${experiment}/traces/delete`;
        deleted += (await api.post<{ deleted: number }>(target, { ids: some })).deleted;
      }
      return deleted;
    },
    { done: (deleted) => `${plural(deleted, 'trace')} deleted.`, quiet: true, after },
  );
  if (ids.length === 0) return null;
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
        run={() => remove.mutateAsync()}
      >
        Spans, assessments, tags and attachments go with them. This cannot be undone.
      </Confirm>
    </>
  );
}
