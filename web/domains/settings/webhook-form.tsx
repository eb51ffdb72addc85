import { Button, Modal, MultiSelect, PasswordInput, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import type { Webhook } from '../../api/types.ts';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { webhookEvents } from './webhook-events.ts';

const empty = { name: '', url: '', secret: '', events: [] as Webhook['events'] };

/** Makes a webhook. */
export function AddWebhook() {
  const [open, setOpen] = useState(false);
  const [given, setGiven] = useState(empty);
  const set = (change: Partial<typeof empty>) => setGiven((before) => ({ ...before, ...change }));
  const { secret, ...rest } = given;
  const add = useAct(() => api.post('/api/registry/webhooks', secret === '' ? rest : given), {
    refresh: ['registry'],
    quiet: true,
    done: `${given.name} is told from now on.`,
    after: () => {
      setOpen(false);
      setGiven(empty);
    },
  });
  const isComplete = given.name.trim() !== '' && given.url !== '' && given.events.length > 0;
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
        Add a webhook
      </Button>
      <Modal opened={open} onClose={() => setOpen(false)} title="Add a webhook" size="md">
        <form
          className="stack loose"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            add.mutate();
          }}
        >
          <TextInput
            label="Name"
            value={given.name}
            onChange={(event) => set({ name: event.currentTarget.value })}
            required
            data-autofocus
          />
          <TextInput
            label="Address"
            description="on a host that the server was started with: --webhook-hosts"
            placeholder="https://hooks.example.com/houston"
            value={given.url}
            onChange={(event) => set({ url: event.currentTarget.value })}
            required
          />
          <MultiSelect
            size="xs"
            label="Events"
            data={webhookEvents}
            value={given.events}
            onChange={(events) => set({ events })}
            searchable
          />
          <PasswordInput
            label="Secret"
            description="signs the messages; kept encrypted and never shown again"
            value={secret}
            autoComplete="new-password"
            onChange={(event) => set({ secret: event.currentTarget.value })}
          />
          {add.error ? <ErrorPanel error={add.error} kept="No webhook was made." /> : null}
          <div className="row" style={{ justifyContent: 'flex-end' }}>
            <Button type="submit" loading={add.isPending} disabled={!isComplete}>
              Add
            </Button>
          </div>
        </form>
      </Modal>
    </>
  );
}
