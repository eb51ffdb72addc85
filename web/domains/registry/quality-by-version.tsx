import { useQueries } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, path } from '../../api/client.ts';
import type { Evaluation, ModelVersion } from '../../api/types.ts';
import { IntervalPlot, intervalDomain } from '../../ui/interval-plot.tsx';
import { Panel } from '../../ui/panel.tsx';
import { toneOf } from '../../ui/state.tsx';
import { figureText, versionPath } from './version-bits.tsx';

const MOST = 12;

/** The newest versions' metrics with their intervals on one scale each. */
export function QualityByVersion({ versions }: { versions: ModelVersion[] }) {
  const judged = versions.filter((version) => version.evaluation !== null).slice(0, MOST);
  const found = useQueries({
    queries: judged.map((version) => {
      const target = path`/api/registry/models/${version.model}/versions/${version.version}/evaluation`;
      return {
        queryKey: ['registry', target, {}],
        queryFn: ({ signal }: { signal: AbortSignal }) => api.get<Evaluation>(target, {}, signal),
      };
    }),
  });
  const rows = judged.flatMap((version, at) => {
    const report = found[at]?.data?.report;
    return report ? [{ version, candidate: report.candidate, rows: report.rows }] : [];
  });
  if (rows.length < 2) return null;
  const metrics = [
    ['auc', 'AUC', 'higher is better'],
    ['logLoss', 'Log loss', 'lower is better'],
    ['brier', 'Brier score', 'lower is better'],
  ] as const;
  return (
    <Panel
      title="Quality by version"
      note="each on its own held-out rows, 95 % intervals; compare two versions on the same rows in a deployment"
      flush
      data={{
        name: 'quality-by-version',
        rows: rows.map(({ version, candidate }) => ({
          version: version.version,
          ...Object.fromEntries(
            metrics.flatMap(([key]) => [
              [key, candidate[key].value],
              [`${key}_low`, candidate[key].lower],
              [`${key}_high`, candidate[key].upper],
            ]),
          ),
        })),
      }}
    >
      <div style={{ overflowX: 'auto' }}>
        <table className="plain-table">
          <thead>
            <tr>
              <th className="right">Version</th>
              {metrics.map(([key, label, better]) => (
                <th key={key} colSpan={2}>
                  {label} <span className="faint">({better})</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ version, candidate }) => (
              <tr key={version.version}>
                <td className="right">
                  <Link to={versionPath(version.model, version.version)}>{version.version}</Link>
                </td>
                {metrics.map(([key, label]) => {
                  const figure = candidate[key];
                  const domain = intervalDomain(
                    rows.flatMap((row) => [row.candidate[key].lower, row.candidate[key].upper]),
                  );
                  return [
                    <td key={key} className="right" style={{ width: 110 }}>
                      {figureText(figure)}
                    </td>,
                    <td key={`${key} plot`}>
                      <IntervalPlot
                        value={figure.value}
                        interval={
                          figure.lower === null || figure.upper === null ? null : [figure.lower, figure.upper]
                        }
                        domain={domain}
                        width={160}
                        tone={version.verdict ? toneOf(version.verdict.decision) : 'none'}
                        label={`version ${version.version}: ${label} ${figureText(figure)}`}
                      />
                    </td>,
                  ];
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
