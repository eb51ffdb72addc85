import { Select, Switch } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useApi, useList } from '../../api/hooks.ts';
import type { Evaluation, ExperimentRunDetail, ModelVersion } from '../../api/types.ts';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useUrlPatch } from '../../ui/url-state.ts';
import { type CompareGroup, compareGroups } from './compare-lines.ts';
import './registry.css';
import { VerdictBadge, versionPath } from './version-bits.tsx';

/** Two versions of a model side by side; which ones stands in the address. */
export function CompareVersionsPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const target = path`/api/registry/models/${name}/versions`;
  const versions = useList<ModelVersion>(target);
  return (
    <Page
      of={versions}
      title={`Versions of ${name} compared`}
      crumbs={[
        { label: 'Models', to: '/registry' },
        { label: name, to: path`/registry/${name}` },
      ]}
      api={{ path: target }}
    >
      <Loaded query={versions} height={420}>
        {({ items }) =>
          items.length < 2 ? (
            <Panel>
              <Empty title="There is nothing to compare yet">The model has fewer than two versions.</Empty>
            </Panel>
          ) : (
            <Comparison items={items} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Comparison({ items }: { items: ModelVersion[] }) {
  const [search, patch] = useUrlPatch();
  const of = (text: string | undefined, fallback: number) =>
    items.find(({ version }) => String(version) === text) ?? items[fallback];
  const left = of(search.a, 1);
  const right = of(search.b, 0);
  const sides = [useSide(left), useSide(right)] as const;
  if (!left || !right) return null;
  const groups = compareGroups({ version: left, ...sides[0] }, { version: right, ...sides[1] });
  const shown = groups
    .map((group) => ({
      ...group,
      lines: search.same === 'yes' ? group.lines : group.lines.filter((line) => line.differs),
    }))
    .filter((group) => group.lines.length > 0);
  const choices = items.map(({ version }) => ({ value: String(version), label: `Version ${version}` }));
  const head = (version: ModelVersion, key: 'a' | 'b') => (
    <span className="row wrap">
      <Select
        aria-label={key === 'a' ? 'First version' : 'Second version'}
        data={choices}
        value={String(version.version)}
        allowDeselect={false}
        w={120}
        onChange={(value) => patch({ [key]: value ?? undefined })}
      />
      <VerdictBadge version={version} />
      <Link to={versionPath(version.model, version.version)}>open</Link>
    </span>
  );
  return (
    <Panel
      title="Differences"
      note={count(groups)}
      actions={
        <Switch
          size="xs"
          label="also what is the same"
          style={{ whiteSpace: 'nowrap' }}
          checked={search.same === 'yes'}
          onChange={(event) => patch({ same: event.currentTarget.checked ? 'yes' : undefined })}
        />
      }
      data={{
        name: `${left.model}-${left.version}-${right.version}`,
        rows: groups.flatMap(({ title, lines }) =>
          lines.map(({ name, values, differs }) => ({
            group: title,
            name,
            [`version ${left.version}`]: values[0],
            [`version ${right.version}`]: values[1],
            differs,
          })),
        ),
      }}
      flush
    >
      <table className="plain-table versions-compared">
        <thead>
          <tr style={{ height: 44 }}>
            <th aria-label="What" />
            <th>{head(left, 'a')}</th>
            <th>{head(right, 'b')}</th>
          </tr>
        </thead>
        {shown.map((group) => (
          <Group key={group.title} group={group} />
        ))}
      </table>
      {shown.length === 0 ? (
        <div className="dim" style={{ padding: 12 }}>
          Nothing differs.
        </div>
      ) : null}
    </Panel>
  );
}

function Group({ group }: { group: CompareGroup }) {
  return (
    <tbody>
      <tr>
        <th colSpan={3} scope="rowgroup">
          {group.title}
        </th>
      </tr>
      {group.lines.map(({ name, values, differs }) => (
        <tr key={name} className={differs ? 'differs' : undefined}>
          <td>{name}</td>
          <td className={differs ? undefined : 'dim'}>{values[0]}</td>
          <td className={differs ? undefined : 'dim'}>{values[1]}</td>
        </tr>
      ))}
    </tbody>
  );
}

function count(groups: CompareGroup[]): string {
  const lines = groups.flatMap((group) => group.lines);
  return `${lines.filter(({ differs }) => differs).length} of ${lines.length} lines differ`;
}

/** The run that made a version and its newest evaluation, where there are any. */
function useSide(version: ModelVersion | undefined) {
  const run = version?.lineage.experimentRun ?? null;
  const read = useApi<ExperimentRunDetail>(path`/api/experiments/runs/${run ?? ''}`, {
    enabled: run !== null,
    keep: false,
  });
  const evaluation = useApi<Evaluation>(
    path`/api/registry/models/${version?.model ?? ''}/versions/${version?.version ?? 0}/evaluation`,
    { enabled: typeof version?.evaluation === 'string', keep: false },
  );
  return { run: read.data, evaluation: evaluation.data };
}
