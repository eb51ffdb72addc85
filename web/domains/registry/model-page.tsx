import { Button, Modal } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useNavigate, useParams } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useApi, useList } from '../../api/hooks.ts';
import type { Model, ModelVersion } from '../../api/types.ts';
import { ageColumn } from '../../ui/age-column.tsx';
import { Digest } from '../../ui/copy-id.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { TagEditor } from '../../ui/tag-editor.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { DeployButton } from '../serving/deploy-dialog.tsx';
import { AliasList } from './alias-list.tsx';
import { GateSpec } from './gate-spec.tsx';
import { InPlaceText } from './in-place-text.tsx';
import { ModelForm } from './model-form.tsx';
import { ownTags, useNotes } from './notes.ts';
import { PromptPage } from './prompt-page.tsx';
import { isPrompt } from './prompts.ts';
import { QualityByVersion } from './quality-by-version.tsx';
import { RegisterForm } from './register-form.tsx';
import { RiskMatrix } from './risk-matrix.tsx';
import { Severity } from './severity.tsx';
import {
  Aliases,
  Headline,
  type Placement,
  PlacementLinks,
  usePlacements,
  VerdictBadge,
  versionPath,
} from './version-bits.tsx';

/** One model: its versions with evidence and verdict, its risk, its gate. */
export function ModelPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const target = path`/api/registry/models/${name}`;
  const model = useApi<Model>(target);
  const versions = useList<ModelVersion>(`${target}/versions`);
  const placed = usePlacements();
  const navigate = useNavigate();
  const [wanted, want] = useUrlState('do');
  const newest = versions.data?.items[0];
  const numbers = (versions.data?.items ?? []).map(({ version }) => version);
  const notes = useNotes(name);
  const [ticked, setTicked] = useUrlState('tick');
  const picked = ticked
    .split(',')
    .map(Number)
    .filter((version) => numbers.includes(version));
  if (model.data && isPrompt(model.data)) return <PromptPage model={model.data} versions={versions} />;
  return (
    <Page
      of={model}
      title={name}
      crumbs={[{ label: 'Models', to: '/registry' }]}
      subject={`model:${name}`}
      state={newest ? <VerdictBadge version={newest} /> : undefined}
      api={{ path: target, cli: `houston models show ${name}` }}
      actions={
        <>
          <Button variant="default" leftSection={<IconPlus size={14} />} onClick={() => want('register')}>
            Register a version
          </Button>
          <DeployButton model={name} />
        </>
      }
      {...(isLine(model.data?.description) ? { lead: model.data?.description } : {})}
    >
      <Panel title="Versions" note="newest first; AUC on held-out rows with its 95 % interval" flush>
        <Loaded query={versions} rows={5}>
          {(list) => (
            <DataTable
              name={`${name}-versions`}
              rows={list.items}
              columns={versionColumns(name, placed, picked, (next) => setTicked(next.join(',')))}
              tools={<CompareButton name={name} picked={picked} />}
              rowKey={(version) => String(version.version)}
              onOpen={(version) => void navigate({ to: versionPath(name, version.version) })}
              empty={
                <Empty title="No version yet" command={`npx houston models register ${name} model.onnx`}>
                  The model is declared; its first version is an ONNX file or comes from a pipeline.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Panel>
      {versions.data && versions.data.items.length > 1 ? (
        <QualityByVersion model={name} versions={versions.data.items} />
      ) : null}
      <Loaded query={model} height={260}>
        {(found) => (
          <>
            <Panel
              title="Risk"
              note={<Severity risk={found.risk} />}
              span={5}
              actions={
                <Button variant="subtle" size="compact-xs" onClick={() => want('edit')}>
                  Rate
                </Button>
              }
            >
              <RiskMatrix risk={found.risk} />
            </Panel>
            <Panel
              title="About"
              span={7}
              actions={
                <Button variant="subtle" size="compact-xs" onClick={() => want('edit')}>
                  Change
                </Button>
              }
            >
              <KeyValue
                items={[
                  [
                    'Description',
                    <InPlaceText key="d" name="Description" text={found.description} save={notes.describe} />,
                  ],
                  ['Owner', found.owner],
                  ['Aliases', <AliasList key="a" model={found} versions={numbers} />],
                  ['Serves in', <PlacementLinks key="p" placements={placed(name)} />],
                  [
                    'Tags',
                    <TagEditor
                      key="t"
                      tags={ownTags(found.tags)}
                      set={notes.setTag}
                      remove={notes.removeTag}
                      what={`the model ${name}`}
                    />,
                  ],
                  ['Registered', `${utc(found.createdAt)} UTC`],
                  ['Changed', `${utc(found.updatedAt)} UTC`],
                ]}
              />
            </Panel>
            <GateSpec model={found} />
            <Modal opened={wanted === 'edit'} onClose={() => want('')} title={`Change ${name}`} size="lg">
              <ModelForm model={found} done={() => want('')} />
            </Modal>
          </>
        )}
      </Loaded>
      <Modal
        opened={wanted === 'register'}
        onClose={() => want('')}
        title={`Register a version of ${name}`}
        size="xl"
      >
        <RegisterForm
          name={name}
          done={(made) => void navigate({ to: versionPath(made.model, made.version) })}
        />
      </Modal>
    </Page>
  );
}

function CompareButton({ name, picked }: { name: string; picked: number[] }) {
  const navigate = useNavigate();
  const [a, b] = picked.toSorted((left, right) => left - right);
  return (
    <Button
      variant="default"
      disabled={a === undefined || b === undefined}
      onClick={() => void navigate({ to: path`/registry/${name}/compare`, search: { a, b } as never })}
    >
      {b === undefined ? 'Compare: tick two versions' : `Compare version ${a} with ${b}`}
    </Button>
  );
}

function versionColumns(
  name: string,
  placed: (model: string, version?: number) => Placement[],
  picked: number[],
  setPicked: (picked: number[]) => void,
): Column<ModelVersion>[] {
  const toggle = (version: number) =>
    setPicked(
      picked.includes(version) ? picked.filter((one) => one !== version) : [...picked.slice(-1), version],
    );
  return [
    {
      key: 'tick',
      title: '',
      value: () => null,
      render: ({ version }) => (
        <input
          type="checkbox"
          className="pick"
          aria-label={`Compare version ${version}`}
          checked={picked.includes(version)}
          onClick={(event) => event.stopPropagation()}
          onChange={() => toggle(version)}
        />
      ),
      sortable: false,
      width: '36px',
    },
    {
      key: 'version',
      title: 'Version',
      value: (version) => version.version,
      render: (version) => <b>{version.version}</b>,
      width: '76px',
      align: 'right',
    },
    {
      key: 'verdict',
      title: 'Verdict',
      value: (version) => version.verdict?.decision,
      render: (version) => <VerdictBadge version={version} />,
      width: '100px',
    },
    {
      key: 'auc',
      title: 'AUC',
      value: () => null,
      render: (version) => <Headline version={version} />,
      sortable: false,
      width: '124px',
      align: 'right',
    },
    {
      key: 'aliases',
      title: 'Aliases',
      value: (version) => version.aliases.join(', '),
      render: (version) => <Aliases aliases={version.aliases} />,
      width: 'minmax(112px, 1fr)',
    },
    {
      key: 'serves',
      title: 'Serves in',
      value: (version) =>
        placed(name, version.version)
          .map((placement) => placement.deployment)
          .join(', '),
      render: (version) => <PlacementLinks placements={placed(name, version.version)} />,
      width: 'minmax(100px, 1.4fr)',
    },
    {
      key: 'flavor',
      title: 'Flavour',
      value: (version) => version.flavor,
      width: '72px',
    },
    {
      key: 'run',
      title: 'Run',
      value: (version) => version.lineage.experimentRun,
      render: (version) =>
        version.lineage.experimentRun ? (
          <SubjectLink subject={`experiment-run:${version.lineage.experimentRun}`} />
        ) : (
          <span className="faint">–</span>
        ),
      width: '96px',
      spare: 1,
    },
    {
      key: 'data',
      title: 'Made from',
      value: (version) => version.lineage.dataset,
      render: (version) =>
        version.lineage.dataset ? (
          <SubjectLink subject={`dataset:${version.lineage.dataset}`} />
        ) : (
          <span className="faint">–</span>
        ),
      width: 'minmax(96px, 1fr)',
    },
    {
      key: 'digest',
      title: 'Digest',
      value: (version) => version.digest,
      render: (version) => <Digest digest={version.digest} />,
      width: '132px',
      spare: 2,
    },
    ageColumn('created', 'Registered', (version) => version.createdAt),
  ];
}

/** A description of several lines is read under "About", not in the head of the page. */
const isLine = (text: string | undefined) => text !== undefined && text !== '' && !text.includes('\n');
