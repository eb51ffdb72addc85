import { useNavigate } from '@tanstack/react-router';
import { useApi } from '../../api/hooks.ts';
import type { LineageGraph, ModelVersion } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { ago, utc } from '../../ui/format.ts';
import { Graph } from '../../ui/graph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SubjectLink, subjectParts, subjectPath } from '../../ui/subject.tsx';

/** What the version was made from and what was made of it, from left to right. */
export function LineageView({ version, target }: { version: ModelVersion; target: string }) {
  const lineage = useApi<LineageGraph>(`${target}/lineage`);
  const navigate = useNavigate();
  const subject = `model:${version.model}/${version.version}`;
  const open = (id: string) => {
    const page = subjectPath(id);
    if (page) void navigate({ to: page });
  };
  return (
    <Loaded query={lineage} height={420}>
      {({ nodes, edges }) => (
        <>
          <Panel title="Lineage" note="arrows point to what was made; a click opens the page" flush>
            <Graph
              label={`Lineage of ${subject}`}
              height={420}
              onOpen={open}
              nodes={nodes.map((node) => ({
                id: node.id,
                label: shortName(subjectParts(node.id)[1]),
                sub: `${subjectParts(node.id)[0]}${node.time ? ` · ${ago(node.time)}` : ''}`,
                selected: node.id === subject,
              }))}
              edges={edges}
            />
          </Panel>
          <Panel
            title="As a list"
            flush
            data={{ name: `${version.model}-${version.version}-lineage`, rows: nodes }}
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
                {nodes.map((node) => (
                  <tr key={node.id}>
                    <td>
                      <SubjectLink subject={node.id} kind />
                    </td>
                    <td>
                      {edges
                        .filter((edge) => edge.to === node.id)
                        .map((edge) => (
                          <span key={edge.from} style={{ marginRight: 12 }}>
                            <SubjectLink subject={edge.from} />
                          </span>
                        ))}
                    </td>
                    <td className="nowrap">{utc(node.time, 'second')}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Panel>
        </>
      )}
    </Loaded>
  );
}

function shortName(name: string): string {
  return name.length > 26 ? `${name.slice(0, 12)}…${name.slice(-12)}` : name;
}
