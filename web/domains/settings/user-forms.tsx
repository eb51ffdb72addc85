import { Button, Modal, MultiSelect, NumberInput, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import type { User } from '../../api/types.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { Confirm } from '../../ui/overlay.tsx';

const roles = ['viewer', 'developer', 'operator', 'approver', 'service', 'code-runner', 'admin'];

/** Adds a person or a program. */
export function AddUser() {
  const [open, setOpen] = useState(false);
  const [id, setId] = useState('');
  const [held, setHeld] = useState<string[]>(['viewer']);
  const add = useAct(() => api.post<User>('/api/auth/users', { id: id.trim(), roles: held }), {
    refresh: ['auth'],
    quiet: true,
    done: `${id.trim()} may come in once it has a token.`,
    after: () => {
      setOpen(false);
      setId('');
    },
  });
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
        Add a user
      </Button>
      <Modal opened={open} onClose={() => setOpen(false)} title="Add a user" size="md">
        <form
          className="stack loose"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            add.mutate();
          }}
        >
          <TextInput
            label="Name"
            placeholder="grace"
            value={id}
            onChange={(event) => setId(event.currentTarget.value)}
            required
            pattern="[A-Za-z0-9][A-Za-z0-9._\-]{0,127}"
            data-autofocus
          />
          <MultiSelect
            size="xs"
            label="Roles"
            description="approver decides on releases; code-runner may declare steps that run programs"
            data={roles}
            value={held}
            onChange={setHeld}
          />
          {add.error ? <ErrorPanel error={add.error} kept="No user was added." /> : null}
          <div className="row" style={{ justifyContent: 'flex-end' }}>
            <Button type="submit" loading={add.isPending} disabled={id.trim() === '' || held.length === 0}>
              Add
            </Button>
          </div>
        </form>
      </Modal>
    </>
  );
}

/** Makes a token, takes all tokens away. */
export function UserActions({ user }: { user: User }) {
  const [open, setOpen] = useState(false);
  const [ask, setAsk] = useState(false);
  const revoke = useAct(() => api.remove(`${path`/api/auth/users/${user.id}`}/tokens`), {
    refresh: ['auth'],
    quiet: true,
    done: `${user.id} has no token any more.`,
  });
  return (
    <span className="row" style={{ justifyContent: 'flex-end' }}>
      <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
        New token
      </Button>
      <Button size="compact-sm" variant="default" c="var(--bad)" onClick={() => setAsk(true)}>
        Revoke all
      </Button>
      <Modal opened={open} onClose={() => setOpen(false)} title={`New token for ${user.id}`} size="md">
        {open ? <TokenForm user={user} /> : null}
      </Modal>
      <Confirm
        open={ask}
        close={() => setAsk(false)}
        title={`Revoke every token of ${user.id}`}
        verb="Revoke all"
        danger
        run={() => revoke.mutateAsync()}
      >
        Programs and browsers that use one of them are refused from the next request on. New tokens can be
        made at any time.
      </Confirm>
    </span>
  );
}

function TokenForm({ user }: { user: User }) {
  const [note, setNote] = useState('');
  const [days, setDays] = useState<number | ''>(90);
  const make = useAct(
    () =>
      api.post<{ token: string }>(`${path`/api/auth/users/${user.id}`}/tokens`, {
        ...(note ? { note } : {}),
        ...(days === '' ? {} : { days }),
      }),
    { quiet: true, refresh: ['auth'] },
  );
  if (make.data) {
    return (
      <div className="stack">
        <p>Copy it now: it is not shown again, and the server keeps only its hash.</p>
        <CodeBlock code={make.data.token} />
        <p className="dim small">In a terminal:</p>
        <CodeBlock code={`export HOUSTON_TOKEN=${make.data.token}`} />
      </div>
    );
  }
  return (
    <form
      className="stack loose"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <TextInput
        label="What it is for"
        placeholder="laptop, CI, notebook"
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
        data-autofocus
      />
      <NumberInput
        label="Days that it holds"
        min={1}
        max={3650}
        value={days}
        onChange={(value) => setDays(value === '' ? '' : Number(value))}
      />
      {make.error ? <ErrorPanel error={make.error} kept="No token was made." /> : null}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button type="submit" loading={make.isPending}>
          Make the token
        </Button>
      </div>
    </form>
  );
}
