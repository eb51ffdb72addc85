import { Link } from '@tanstack/react-router';
import { Empty } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';

/** Guards on generated text; there is none to show while no language model is served. */
export function GuardrailsPage() {
  return (
    <Page title="Guardrails" state={<StateBadge state="no data" />}>
      <Panel>
        <Empty
          title="No language model is served here"
          action={<Link to="/serving">To the deployments</Link>}
        >
          Guardrails judge what goes into a language model and what comes out of it. This server serves models
          of numbers; what protects those stands on their pages: expectations on the data, the gate of a
          version, the canary of a rollout, the monitor of a deployment.
        </Empty>
      </Panel>
    </Page>
  );
}
