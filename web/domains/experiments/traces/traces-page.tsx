import { useParams } from '@tanstack/react-router';
import { path } from '../../../api/client.ts';
import { useApi } from '../../../api/hooks.ts';
import type { ExperimentDetail } from '../../../api/types.ts';
import { Page } from '../../../ui/page.tsx';
import { TracesPanel } from './traces-panel.tsx';

/** The traces of one experiment, on a page of their own. */
export function TracesPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const experiment = useApi<ExperimentDetail>(path`/api/experiments/${name}`, { keep: false });
  return (
    <Page
      of={experiment}
      title={`Traces of ${name}`}
      crumbs={[
        { label: 'Experiments', to: '/experiments' },
        { label: name, to: path`/experiments/${name}` },
      ]}
      api={{ path: path`/api/experiments/${name}/traces` }}
    >
      <TracesPanel experiment={name} />
    </Page>
  );
}
