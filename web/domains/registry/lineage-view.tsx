import { Switch } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useApi, useList } from '../../api/hooks.ts';
import type { Deployment, LineageGraph, ModelVersion } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { ago, utc } from '../../ui/format.ts';
import { Graph } from '../../ui/graph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SubjectLink, subjectParts, subjectPath } from '../../ui/subject.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { shapeLineage } from './lineage-shape.ts';

/** What the version was made from and what was made of it, from left to right. */
export function LineageView({ version, target }: { version: ModelVersion; target: string }) {
  const lineage = useApi<LineageGraph>(`${target}/lineage`);
  const deployments = useList<Deployment>('/api/serving/deployments');
  const [all, setAll] = useUrlState('all');
  const navigate = useNavigate();
  const subject = `model:${version.model}/${version.version}`;
  const open = (id: string) => {
    const page = subjectPath(id);
    if (page) void navigate({ to: page });
  };
  return (
    <Loaded query={lineage} height={420}>
      {(whole) => {
        const shaped = shapeLineage(whole, deployments.data?.items ?? []);
        const shown = all ? { ...whole, earlier: new Map<string, number>() } : shaped;
        return (
          <>
            <Panel
              title="Lineage"
              note="arrows point to what was made; a click opens the page"
              actions={
                <Switch
                  label="Everything on record"
                  checked={all !== ''}
                  onChange={(event) => setAll(event.currentTarget.checked ? 'yes' : '')}
                />
              }
              flush
            >
              <Graph
                label={`Lineage of ${subject}`}
                height={360}
                onOpen={open}
                nodes={shown.nodes.map((node) => {
                  const [kind, name] = subjectParts(node.id);
                  const before = shown.earlier.get(node.id);
                  return {
                    id: node.id,
                    label: shortName(name),
                    sub: [
                      kindWord(kind),
                      before ? `${before} versions before` : '',
                      node.time ? ago(node.time) : '',
                    ]
                      .filter(Boolean)
                      .join(' · '),
                    selected: node.id === subject,
                  };
                })}
                edges={shown.edges}
              />
            </Panel>
            <Panel
              title="As a list"
              flush
              data={{ name: `${version.model}-${version.version}-lineage`, rows: shown.nodes }}
            >
              <table className="plain-table">
                <thead>
                  <tr>
                    <th>What</th>
                    <th>Made from</th>
                    <th>Recorded (UTC)</th>
                  </tr>
                </thead>
                <tbody>
                  {shown.nodes.map((node) => (
                    <tr key={node.id}>
                      <td className="nowrap">
                        <SubjectLink subject={node.id} kind />
                      </td>
                      <td>
                        <span className="row wrap" style={{ gap: '0 12px' }}>
                          {shown.edges
                            .filter((edge) => edge.to === node.id)
                            .map((edge) => (
                              <SubjectLink key={edge.from} subject={edge.from} />
                            ))}
                        </span>
                      </td>
                      <td className="nowrap">{utc(node.time, 'second')}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Panel>
          </>
        );
      }}
    </Loaded>
  );
}

function kindWord(kind: string): string {
  return kind ? `${kind[0]?.toUpperCase()}${kind.slice(1)}` : '';
}

function shortName(name: string): string {
  return name.length > 26 ? `${name.slice(0, 12)}…${name.slice(-12)}` : name;
}
