import { Button, Modal, Progress, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { type ApiError, api, path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { Deployment, ErasureCounts, ErasurePlan, ErasureState } from '../../api/types.ts';
import { CopyId } from '../../ui/copy-id.tsx';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { count } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';

/** Erases one person from the records: says how many it will touch before anything is changed. */
export function EraseButton({ deployment }: { deployment: Deployment }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        Erase a person…
      </Button>
      {open ? <EraseDialog deployment={deployment} close={() => setOpen(false)} /> : null}
    </>
  );
}

function EraseDialog({ deployment, close }: { deployment: Deployment; close: () => void }) {
  const declared = (deployment.spec.entity as string[] | undefined) ?? [];
  const [column, setColumn] = useState(declared[0] ?? '');
  const [value, setValue] = useState('');
  const target = path`/api/serving/deployments/${deployment.name}/erasures`;
  const entity = { [column]: value };
  const plan = useMutation<ErasurePlan, ApiError>({
    mutationFn: () => api.post<ErasurePlan>(target, { entity }),
  });
  const start = useMutation<ErasurePlan, ApiError>({
    mutationFn: () => api.post<ErasurePlan>(target, { entity, delete: true }),
  });
  const id = start.data?.erasure ?? '';
  const reset = () => plan.reset();
  return (
    <Modal
      opened
      onClose={close}
      title={`Erase a person from the records of ${deployment.name}`}
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack loose">
        {id ? (
          <Running target={`${target}/${id}`} id={id} close={close} />
        ) : (
          <>
            <div className="row" style={{ alignItems: 'flex-end' }}>
              <TextInput
                label="Column"
                w={200}
                value={column}
                onChange={(event) => {
                  setColumn(event.currentTarget.value);
                  reset();
                }}
              />
              <TextInput
                label="Value"
                className="grow"
                value={value}
                data-autofocus
                onChange={(event) => {
                  setValue(event.currentTarget.value);
                  reset();
                }}
                onKeyDown={(event) => {
                  if (event.key === 'Enter' && column && value) plan.mutate();
                }}
              />
              <Button
                variant="default"
                loading={plan.isPending}
                disabled={column === '' || value === ''}
                onClick={() => plan.mutate()}
              >
                Count
              </Button>
            </div>
            {plan.error ? <ErrorPanel error={plan.error} kept="Nothing was changed." /> : null}
            {start.error ? <ErrorPanel error={start.error} kept="Nothing was changed." /> : null}
            {plan.data ? <Plan {...plan.data} /> : null}
            <div className="row" style={{ justifyContent: 'flex-end' }}>
              <Button variant="default" onClick={close}>
                Keep as it is
              </Button>
              <Button
                color="red"
                loading={start.isPending}
                disabled={!plan.data || isNothing(plan.data.plan)}
                onClick={() => start.mutate()}
              >
                {plan.data ? `Erase ${count(plan.data.plan.predictions)} records for good` : 'Erase'}
              </Button>
            </div>
          </>
        )}
      </div>
    </Modal>
  );
}

const isNothing = ({ predictions, feedback, pairs, events }: ErasureCounts) =>
  predictions + feedback + pairs + Object.keys(events).length === 0;

function Plan({ plan, notes }: ErasurePlan) {
  if (isNothing(plan)) return <div className="dim">Nobody of this name is in the records.</div>;
  return (
    <div className="stack">
      <Counts counts={plan} />
      <div className="dim small">
        Inputs, features, scores and outcomes of these records go from all files and cannot be brought back.
        The rows themselves stay and still count; the ledger gets the counts and no name.
      </div>
      {notes.map((note) => (
        <div key={note} className="small" style={{ color: 'var(--warn)' }}>
          {note}
        </div>
      ))}
    </div>
  );
}

function Counts({ counts }: { counts: ErasureCounts }) {
  return (
    <KeyValue
      items={[
        ['Predictions', `${count(counts.predictions)}, ${count(counts.requests)} of them whole requests`],
        ['Outcomes and rewards', count(counts.feedback)],
        ['Scores of another arm', count(counts.pairs)],
        ...Object.entries(counts.events).map(([service, rows]): [string, string] => [
          `Online events of ${service}`,
          count(rows),
        ]),
      ]}
    />
  );
}

function Running({ target, id, close }: { target: string; id: string; close: () => void }) {
  const state = useApi<ErasureState>(target, { every: 700, keep: false });
  const found = state.data;
  return (
    <>
      {found?.result ? (
        <>
          <b>Erased.</b>
          <Counts counts={found.result} />
        </>
      ) : (
        <>
          <span>{found?.error ?? found?.note ?? 'It begins. It goes on when this page is closed.'}</span>
          <Progress value={(found?.progress ?? 0) * 100} animated aria-label="How far the erasure is" />
        </>
      )}
      <div className="row">
        <CopyId id={id} />
        <span className="grow" />
        <Button variant="default" onClick={close}>
          Close
        </Button>
      </div>
    </>
  );
}
