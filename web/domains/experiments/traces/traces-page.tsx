import { useParams } from '@tanstack/react-router';
import { path } from '../../../api/client.ts';
import { Page } from '../../../ui/page.tsx';
import { TracesPanel } from './traces-panel.tsx';

/** The traces of one experiment, on a page of their own. */
export function TracesPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  return (
    <Page
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
