import { Link } from '@tanstack/react-router';
import type { ExperimentRunDetail, Related } from '../../api/types.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { CopyId } from '../../ui/copy-id.tsx';
import { bytes, count } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';

/** Data that a run used, models that it made or used, and the runs below it. */
export function RunRelations({ run, related }: { run: ExperimentRunDetail; related: Related }) {
  return (
    <>
      {related.datasets.length > 0 ? <Datasets datasets={related.datasets} /> : null}
      {related.models.length > 0 ? <Models run={run.id} models={related.models} /> : null}
      {related.children.length > 0 ? (
        <Panel
          title="Runs below it"
          note={
            related.childCount > related.children.length
              ? `the first ${related.children.length} of ${count(related.childCount)}`
              : `${related.childCount}`
          }
          actions={
            related.children.length > 1 ? (
              <Link
                className="small"
                to="/experiments/runs/compare"
                search={
                  {
                    runs: related.children
                      .slice(0, 100)
                      .map(({ id }) => id)
                      .join(','),
                  } as never
                }
              >
                Compare them
              </Link>
            ) : undefined
          }
          flush
        >
          <div style={{ maxHeight: 420, overflow: 'auto' }}>
            <table className="plain-table">
              <tbody>
                {related.children.map((child) => (
                  <tr key={child.id}>
                    <td>
                      <Link to={`/experiments/runs/${encodeURIComponent(child.id)}`}>
                        {child.name || child.id}
                      </Link>
                    </td>
                    <td className="right">
                      <StateBadge state={child.status} bare />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
      ) : null}
    </>
  );
}

function Datasets({ datasets }: { datasets: Related['datasets'] }) {
  return (
    <Panel title="Datasets" note="what the run was made from, in the words of its client" flush>
      <table className="plain-table">
        <thead>
          <tr>
            <th>Name</th>
            <th>Used for</th>
            <th>Digest</th>
            <th>Source, schema and profile</th>
          </tr>
        </thead>
        <tbody>
          {datasets.map((dataset) => (
            <tr key={`${dataset.name} ${dataset.digest}`}>
              <td>
                <span className="name">{dataset.name}</span>
              </td>
              <td>{dataset.context ?? '–'}</td>
              <td>
                <CopyId id={dataset.digest} />
              </td>
              <td>
                <details>
                  <summary className="dim">show</summary>
                  <CodeBlock code={described(dataset)} maxHeight={260} />
                </details>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function described({ source, schema, profile }: Related['datasets'][number]): string {
  return Object.entries({ source, schema, profile })
    .filter(([, text]) => text)
    .map(([name, text]) => `${name}: ${text}`)
    .join('\n');
}

function Models({ run, models }: { run: string; models: Related['models'] }) {
  return (
    <Panel title="Logged models" flush>
      <table className="plain-table">
        <thead>
          <tr>
            <th>Name</th>
            <th>Made or used</th>
            <th>State</th>
            <th className="right">Files</th>
            <th>Id</th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => (
            <tr key={model.id}>
              <td>
                <Link
                  className="name"
                  to={`/experiments/runs/${encodeURIComponent(run)}`}
                  search={{ tab: 'artifacts' } as never}
                >
                  {model.name}
                </Link>
              </td>
              <td>{model.direction === 'output' ? 'made' : 'used'}</td>
              <td>
                <StateBadge state={model.status.toLowerCase()} bare />
              </td>
              <td className="right">
                {model.files.length}, {bytes(model.files.reduce((sum, file) => sum + file.size, 0))}
              </td>
              <td>
                <CopyId id={model.id} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
