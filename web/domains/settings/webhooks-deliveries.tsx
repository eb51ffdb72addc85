import { Button } from '@mantine/core';
import { api, path } from '../../api/client.ts';
import { useAct, useList } from '../../api/hooks.ts';
import type { Webhook, WebhookDelivery } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { utc } from '../../ui/format.ts';

/** The newest deliveries of one webhook; each can be sent once more. */
export function Deliveries({ hook }: { hook: Webhook }) {
  const at = path`/api/registry/webhooks/${hook.id}/deliveries`;
  const deliveries = useList<WebhookDelivery>(at);
  const replay = useAct((id: string) => api.post(`${at}/${encodeURIComponent(id)}/replay`, {}), {
    refresh: ['registry'],
    done: 'Queued once more, with the same id.',
  });
  return (
    <Loaded query={deliveries} rows={4}>
      {({ items }) =>
        items.length === 0 ? (
          <p className="dim">No message yet. Press Test to send an example.</p>
        ) : (
          <table className="plain-table">
            <thead>
              <tr>
                <th>Event</th>
                <th>State</th>
                <th className="right">Attempts</th>
                <th>Last answer</th>
                <th>Since (UTC)</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <tr key={one.id} title={`WebhookDelivery ${one.id}`}>
                  <td>
                    {one.eventId ? <a href={`/ledger/events/${one.eventId}`}>{one.event}</a> : one.event}
                  </td>
                  <td style={one.state === 'failed' ? { color: 'var(--bad)' } : undefined}>{one.state}</td>
                  <td className="right">{one.attempts}</td>
                  <td>
                    {one.error ?? one.status ?? '–'}
                    {one.nextAttemptAt && one.attempts > 0
                      ? ` Next at ${utc(one.nextAttemptAt, 'second')}.`
                      : ''}
                  </td>
                  <td className="nowrap">{utc(one.createdAt, 'second')}</td>
                  <td className="right">
                    {one.state === 'queued' ? null : (
                      <Button size="compact-sm" variant="default" onClick={() => replay.mutate(one.id)}>
                        Send again
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )
      }
    </Loaded>
  );
}
