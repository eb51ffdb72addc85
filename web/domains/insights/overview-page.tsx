import { Button, Modal } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useApi, useList } from '../../api/hooks.ts';
import type { HealthStrip, Model, Overview } from '../../api/types.ts';
import { inEnvironment, useEnvironment } from '../../app/environment.ts';
import { Skeleton } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { EventLine } from '../ledger/event-words.tsx';
import { RegisterForm } from '../registry/register-form.tsx';
import { DeployForm } from '../serving/deploy-form.tsx';
import { DeliveryPanel } from './delivery-panel.tsx';
import { FirstSteps } from './first-steps.tsx';
import { HealthStrips, worstFirst } from './health-strips.tsx';
import { useNeeds } from './needs.ts';
import { NeedsPanel } from './needs-panel.tsx';
import { Totals } from './totals.tsx';

/** Lines of the past: as many as stand beside the panels at their left. */
const MOST = 14;

/** Mission control: is all well, what needs a person, what happened last. */
export function OverviewPage() {
  const [environment] = useEnvironment();
  const models = useList<Model>('/api/registry/models');
  const overview = useApi<Overview>('/api/insights/overview', { every: 5_000 });
  const { needs } = useNeeds();
  const happenings = overview.data?.recent.slice(0, MOST) ?? [];
  const strips = worstFirst(
    (overview.data?.deployments ?? []).filter((item) => inEnvironment(item.environment, environment)),
  );
  const empty = overview.data?.deployments.length === 0;
  const actions = (
    <>
      <DoButton what="register" label="Register a model" />
      <DoButton what="deploy" label="Deploy" primary />
    </>
  );
  return (
    <Page
      of={overview}
      title="Overview"
      {...(empty ? {} : { state: <Answer strips={strips} needs={needs.length} />, actions })}
      api={{ path: '/api/insights/overview', cli: 'houston status' }}
    >
      {empty ? (
        <>
          <p className="dim" style={{ maxWidth: '80ch' }}>
            Nothing is deployed yet. Three steps take a model in your hand to a served and watched one; each
            is one command or one form.
          </p>
          <FirstSteps models={models.data?.items ?? []} deployments={[]} />
        </>
      ) : null}
      {overview.isPending ? <Skeleton height={160} /> : null}
      {empty === false ? <HealthStrips rows={strips} environment={environment} /> : null}
      {overview.data === undefined || empty ? null : (
        <div className="stack loose" style={{ gridColumn: 'span 6' }}>
          <NeedsPanel needs={needs} />
          <DeliveryPanel delivery={overview.data.delivery} />
          <Totals totals={overview.data.totals} />
        </div>
      )}
      <Panel title="What happened last" note="from the ledger, newest first" span={empty ? 12 : 6} flush>
        {happenings.map((event) => (
          <EventLine key={event.id} event={event} />
        ))}
        {overview.data?.recent.length === 0 ? (
          <div className="dim" style={{ padding: 12 }}>
            Nothing yet. Every change of state will stand here and in the ledger.
          </div>
        ) : null}
        {overview.isPending ? <Skeleton rows={8} /> : null}
      </Panel>
      <Do what="register" title="Register a model" />
      <Do what="deploy" title="Deploy a model" />
    </Page>
  );
}

function Answer({ strips, needs }: { strips: HealthStrip[]; needs: number }) {
  const worst = strips[0]?.state;
  if (!worst) return null;
  const waiting = needs > 0 ? `${needs} waiting for a person` : '';
  const state = needs > 0 && worst !== 'failing' ? 'degraded' : worst;
  return (
    <StateBadge
      state={state}
      title={[strips[0]?.name, strips[0]?.reason, waiting].filter(Boolean).join(' · ')}
    />
  );
}

function DoButton({ what, label, primary }: { what: string; label: string; primary?: boolean }) {
  const [, set] = useUrlState('do');
  return (
    <Button variant={primary ? 'filled' : 'default'} onClick={() => set(what)}>
      {label}
    </Button>
  );
}

function Do({ what, title }: { what: 'register' | 'deploy'; title: string }) {
  const [wanted, set] = useUrlState('do');
  const navigate = useNavigate();
  return (
    <Modal opened={wanted === what} onClose={() => set('')} title={title} size="lg">
      {what === 'register' ? (
        <RegisterForm
          done={(version) =>
            void navigate({ to: `/registry/${encodeURIComponent(version.model)}/${version.version}` })
          }
        />
      ) : (
        <DeployForm done={(name) => void navigate({ to: `/serving/${encodeURIComponent(name)}` })} />
      )}
    </Modal>
  );
}
