import { Link } from '@tanstack/react-router';
import type { ModelVersion } from '../../api/types.ts';
import { IntervalPlot, intervalDomain } from '../../ui/interval-plot.tsx';
import { Panel } from '../../ui/panel.tsx';
import { toneOf } from '../../ui/state.tsx';
import { figureText, useHeadlines, versionPath } from './version-bits.tsx';

const MOST = 12;

/** The newest versions' metrics with their intervals on one scale each. */
export function QualityByVersion({ model, versions }: { model: string; versions: ModelVersion[] }) {
  const byNumber = new Map(versions.map((version) => [version.version, version]));
  const rows = useHeadlines(model)
    .slice(0, MOST)
    .flatMap((figures) => {
      const version = byNumber.get(figures.version);
      return version ? [{ version, figures }] : [];
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
        rows: rows.map(({ version, figures }) => ({
          version: version.version,
          ...Object.fromEntries(
            metrics.flatMap(([key]) => [
              [key, figures[key].value],
              [`${key}_low`, figures[key].lower],
              [`${key}_high`, figures[key].upper],
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
            {rows.map(({ version, figures }) => (
              <tr key={version.version}>
                <td className="right">
                  <Link to={versionPath(version.model, version.version)}>{version.version}</Link>
                </td>
                {metrics.map(([key, label]) => {
                  const figure = figures[key];
                  const domain = intervalDomain(
                    rows.flatMap((row) => [row.figures[key].lower, row.figures[key].upper]),
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
