import { useParams } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { LedgerEvent } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { EventDetails, WhyChain } from '../../ui/why-chain.tsx';

/** One event and what led to it. */
export function EventPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const target = path`/api/ledger/events/${id}`;
  const event = useApi<LedgerEvent>(target);
  return (
    <Page
      of={event}
      title={event.data?.type ?? 'Event'}
      crumbs={[{ label: 'Ledger', to: '/ledger' }]}
      api={{ path: target, cli: `houston why ${id}` }}
    >
      <Panel title="The event">
        <Loaded query={event} height={260}>
          {(found) => <EventDetails event={found} />}
        </Loaded>
      </Panel>
      <Panel title="What led to it">
        <WhyChain subject={id} />
      </Panel>
    </Page>
  );
}
