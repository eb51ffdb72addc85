import { Button } from '@mantine/core';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct, useList } from '../../api/hooks.ts';
import type { Webhook } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { ago, utc } from '../../ui/format.ts';
import { Confirm, Drawer } from '../../ui/overlay.tsx';
import { Panel } from '../../ui/panel.tsx';
import { AddWebhook } from './webhook-form.tsx';
import { Deliveries } from './webhooks-deliveries.tsx';

/** Who is told of events of the registry, and what became of each message. */
export function Webhooks() {
  const hooks = useList<Webhook>('/api/registry/webhooks');
  const [shown, setShown] = useState<Webhook | null>(null);
  return (
    <Panel title="Webhooks" note="signed messages on events of the registry" flush actions={<AddWebhook />}>
      <Loaded query={hooks} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <div className="dim" style={{ padding: 12 }}>
              Nobody is told yet. Add an address on a host that <code>--webhook-hosts</code> names.
            </div>
          ) : (
            <table className="plain-table">
              <thead>
                <tr>
                  <th>Webhook</th>
                  <th>Events</th>
                  <th>State</th>
                  <th>Since</th>
                  <th />
                </tr>
              </thead>
              <tbody>
                {items.map((hook) => (
                  <Row key={hook.id} hook={hook} show={() => setShown(hook)} />
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
      <Drawer
        open={shown !== null}
        close={() => setShown(null)}
        title={`Deliveries of ${shown?.name ?? ''}`}
        size={820}
      >
        {shown ? <Deliveries hook={shown} /> : null}
      </Drawer>
    </Panel>
  );
}

function Row({ hook, show }: { hook: Webhook; show: () => void }) {
  const at = path`/api/registry/webhooks/${hook.id}`;
  const test = useAct(
    () => api.post<{ delivered: boolean; status: number | null; error: string | null }>(`${at}/test`, {}),
    { refresh: ['registry'], after: show },
  );
  const isActive = hook.status === 'active';
  return (
    <tr>
      <td style={{ maxWidth: 360, overflowWrap: 'anywhere' }}>
        <b>{hook.name}</b>
        <div className="dim">{hook.url}</div>
      </td>
      <td>
        <span className="row wrap" style={{ gap: 4 }}>
          {hook.events.map((event) => (
            <span key={event} className="tag">
              {event}
            </span>
          ))}
        </span>
      </td>
      <td className="nowrap">
        {isActive ? 'active' : 'paused'}
        {hook.signed ? ', signed' : ', unsigned'}
      </td>
      <td className="dim nowrap" title={`${utc(hook.createdAt, 'second')} UTC`}>
        {ago(hook.createdAt)}
      </td>
      <td>
        <span className="row" style={{ gap: 4, justifyContent: 'flex-end' }}>
          <Button size="compact-sm" variant="default" onClick={show}>
            Deliveries
          </Button>
          <Button size="compact-sm" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
            Test
          </Button>
          <Ask
            verb={isActive ? 'Pause' : 'Resume'}
            title={`${isActive ? 'Pause' : 'Resume'} ${hook.name}`}
            run={() => api.patch(at, { status: isActive ? 'disabled' : 'active' })}
          >
            {isActive
              ? 'It hears of nothing that happens until it is resumed.'
              : 'It hears of what happens from now on.'}
          </Ask>
          <Ask verb="Delete" title={`Delete ${hook.name}`} danger run={() => api.remove(at)}>
            Its log and the messages that wait for it go with it. This cannot be undone.
          </Ask>
        </span>
      </td>
    </tr>
  );
}

type AskProps = {
  verb: string;
  title: string;
  danger?: boolean;
  run: () => Promise<unknown>;
  children: string;
};

function Ask({ verb, title, danger = false, run, children }: AskProps) {
  const [open, setOpen] = useState(false);
  const act = useAct(run, { refresh: ['registry'], quiet: true });
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
        {verb}
      </Button>
      <Confirm
        open={open}
        close={() => setOpen(false)}
        title={title}
        verb={verb}
        danger={danger}
        run={() => act.mutateAsync()}
      >
        {children}
      </Confirm>
    </>
  );
}
