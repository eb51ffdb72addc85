import { Button, Modal, SegmentedControl } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useList } from '../../api/hooks.ts';
import type { ListedModel } from '../../api/types.ts';
import { ageColumn } from '../../ui/age-column.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { isPrompt } from './prompts.ts';
import { PromptsTable } from './prompts-table.tsx';
import { RegisterForm } from './register-form.tsx';
import { Severity } from './severity.tsx';
import { PlacementLinks, usePlacements, VerdictBadge } from './version-bits.tsx';

/** Models, or the prompts that clients keep among them. */
const shows = [
  { value: 'models', label: 'Models' },
  { value: 'prompts', label: 'Prompts' },
];

/** Every registered model: what is newest, may it ship, where does it serve, what does it risk. */
export function ModelsPage() {
  const models = useList<ListedModel>('/api/registry/models');
  const placed = usePlacements();
  const navigate = useNavigate();
  const [wanted, want] = useUrlState('do');
  const [show, setShow] = useUrlState('show', 'models');
  const columns: Column<ListedModel>[] = [
    {
      key: 'name',
      title: 'Model',
      value: (model) => model.name,
      render: (model) => (
        <>
          <b>{model.name}</b> <span className="dim">{model.description}</span>
        </>
      ),
      width: 'minmax(200px, 2fr)',
    },
    {
      key: 'version',
      title: 'Newest',
      value: (model) => model.latestVersion,
      width: '76px',
      align: 'right',
    },
    {
      key: 'verdict',
      title: 'Its verdict',
      value: (model) => model.verdict?.decision,
      render: (model) => <VerdictBadge version={model.latestVersion === null ? undefined : model} />,
      width: '104px',
    },
    {
      key: 'aliases',
      title: 'Aliases',
      value: (model) =>
        Object.entries(model.aliases)
          .map(([alias, version]) => `@${alias} ${version}`)
          .join(', '),
      width: 'minmax(128px, 1fr)',
    },
    {
      key: 'serves',
      title: 'Serves in',
      value: (model) =>
        placed(model.name)
          .map((placement) => `${placement.deployment} (${placement.environment})`)
          .join(', '),
      render: (model) => <PlacementLinks placements={placed(model.name)} />,
      width: 'minmax(150px, 1.4fr)',
    },
    {
      key: 'risk',
      title: 'Risk',
      value: (model) => model.risk?.score,
      render: (model) => <Severity risk={model.risk} />,
      width: '128px',
    },
    { key: 'owner', title: 'Owner', value: (model) => model.owner, width: '96px', spare: 1 },
    ageColumn('updated', 'Changed', (model) => model.updatedAt),
  ];
  return (
    <Page
      title={show === 'prompts' ? 'Prompts' : 'Models'}
      state={<SegmentedControl aria-label="Show" size="xs" data={shows} value={show} onChange={setShow} />}
      api={{ path: '/api/registry/models', cli: 'houston models list' }}
      actions={
        show === 'prompts' ? undefined : (
          <Button leftSection={<IconPlus size={14} />} onClick={() => want('register')}>
            Register a model
          </Button>
        )
      }
    >
      <Panel flush>
        <Loaded query={models} rows={8}>
          {(list) =>
            show === 'prompts' ? (
              <PromptsTable prompts={list.items.filter(isPrompt)} />
            ) : (
              <DataTable
                name="models"
                rows={list.items.filter((model) => !isPrompt(model))}
                columns={columns}
                rowKey={(model) => model.name}
                sort="-updated"
                onOpen={(model) => void navigate({ to: path`/registry/${model.name}` })}
                empty={
                  <Empty
                    title="No model is registered"
                    command="npx houston models register my-model model.onnx"
                    action={<Button onClick={() => want('register')}>Register a file here</Button>}
                  >
                    A version is an ONNX file with its digest, its signature and where it came from. It is
                    judged before it ships.
                  </Empty>
                }
              />
            )
          }
        </Loaded>
      </Panel>
      <Modal opened={wanted === 'register'} onClose={() => want('')} title="Register a model" size="xl">
        <RegisterForm done={(made) => void navigate({ to: path`/registry/${made.model}/${made.version}` })} />
      </Modal>
    </Page>
  );
}
