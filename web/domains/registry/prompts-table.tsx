import { useNavigate } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import type { Model } from '../../api/types.ts';
import { ageColumn } from '../../ui/age-column.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { ownTags } from './notes.ts';

const columns: Column<Model>[] = [
  {
    key: 'name',
    title: 'Prompt',
    value: (prompt) => prompt.name,
    render: (prompt) => (
      <>
        <b>{prompt.name}</b> <span className="dim">{prompt.description}</span>
      </>
    ),
    width: 'minmax(200px, 2fr)',
  },
  {
    key: 'version',
    title: 'Newest',
    value: (prompt) => prompt.latestVersion,
    width: '76px',
    align: 'right',
  },
  {
    key: 'aliases',
    title: 'Aliases',
    value: (prompt) =>
      Object.entries(prompt.aliases)
        .map(([alias, version]) => `@${alias} ${version}`)
        .join(', '),
    width: 'minmax(110px, 1fr)',
  },
  {
    key: 'tags',
    title: 'Tags',
    value: (prompt) =>
      ownTags(prompt.tags)
        .map(([key, value]) => `${key}: ${value}`)
        .join(', '),
    width: 'minmax(110px, 1fr)',
  },
  ageColumn('updated', 'Changed', (prompt) => prompt.updatedAt),
];

/** The prompts that programs load by name and version or alias. */
export function PromptsTable({ prompts }: { prompts: Model[] }) {
  const navigate = useNavigate();
  return (
    <DataTable
      name="prompts"
      rows={prompts}
      columns={columns}
      rowKey={({ name }) => name}
      sort="-updated"
      onOpen={({ name }) => void navigate({ to: path`/registry/${name}` })}
      empty={
        <Empty
          title="No prompt is registered"
          command={`import mlflow
mlflow.set_tracking_uri("${window.location.origin}")
mlflow.genai.register_prompt(name="greeting", template="Greet {{name}}.")`}
        >
          A prompt is a text with versions and aliases that programs load by name.
        </Empty>
      }
    />
  );
}
