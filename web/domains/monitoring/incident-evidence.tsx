import { Link } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import type { Incident } from '../../api/types.ts';
import { CopyId } from '../../ui/copy-id.tsx';
import { metric, pValue, significant, utc } from '../../ui/format.ts';
import { IntervalPlot } from '../../ui/interval-plot.tsx';
import { Panel } from '../../ui/panel.tsx';
import { metricKey, metricWords, standInWords } from './monitor-words.ts';

/** What the window that opened the incident showed: figures against their limits, features that drifted. */
export function IncidentEvidence({ incident }: { incident: Incident }) {
  const { performance, features, window, fault } = incident.evidence;
  if (fault) return <FaultEvidence incident={incident} />;
  return (
    <>
      <Panel
        title="Performance"
        note={`window of ${utc(window.start)} UTC; 95 % intervals, learned limits`}
        span={6}
        flush
        data={{ name: `${incident.id}-performance`, rows: performance }}
      >
        {performance.length === 0 ? (
          <div className="dim" style={{ padding: 12 }}>
            {window.labelled > 0
              ? 'No figure alone was beyond its limits.'
              : 'No outcome was known in this window.'}
          </div>
        ) : (
          <table className="plain-table">
            <thead>
              <tr>
                <th>Metric</th>
                <th className="right">Value</th>
                <th className="right">Limits</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {performance.map((one) => {
                const words = metricWords(metricKey(one.metric));
                const beyond =
                  (one.limit !== null && one.value > one.limit) ||
                  (one.limitLow !== null && one.value < one.limitLow);
                const limits = [one.limitLow, one.limit]
                  .map((limit) => (limit === null ? '' : metric(limit, words.decimals)))
                  .join(' to ');
                return (
                  <tr key={one.metric}>
                    <td title={words.hint}>{words.label}</td>
                    <td className="right">{metric(one.value, words.decimals)}</td>
                    <td className="right">
                      {one.limit === null && one.limitLow === null
                        ? '–'
                        : limits.startsWith(' to')
                          ? `≤${limits.slice(3)}`
                          : limits.endsWith(' to ')
                            ? `≥ ${limits.slice(0, -4)}`
                            : limits}
                    </td>
                    <td>
                      <IntervalPlot
                        value={one.value}
                        interval={one.low === null || one.high === null ? null : [one.low, one.high]}
                        bound={
                          beyond && one.limitLow !== null && one.value < one.limitLow
                            ? one.limitLow
                            : (one.limit ?? one.limitLow)
                        }
                        good={
                          one.limit === null || (one.limitLow !== null && one.value < one.limitLow)
                            ? 'above'
                            : 'below'
                        }
                        tone={beyond ? 'bad' : 'ok'}
                        width={150}
                        label={`${words.label} ${metric(one.value, words.decimals)}; limits ${limits}`}
                      />
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </Panel>
      <Panel
        title="Drifted"
        note="effect over its learned limit; a name opens the comparison"
        span={6}
        flush
        data={{ name: `${incident.id}-drift`, rows: features }}
      >
        {features.length === 0 ? (
          <div className="dim" style={{ padding: 12 }}>
            No feature had drifted.
          </div>
        ) : (
          <table className="plain-table">
            <thead>
              <tr>
                <th>Feature</th>
                <th className="right">PSI</th>
                <th className="right">Limit</th>
                <th className="right">× limit</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {features.map((one) => (
                <tr key={one.feature}>
                  <td>
                    <Link
                      to={path`/monitoring/${incident.deployment ?? ''}`}
                      search={{ feature: one.feature, window: window.start } as never}
                    >
                      {one.feature}
                    </Link>
                  </td>
                  <td className="right">{significant(one.effect, 3)}</td>
                  <td className="right">{significant(one.threshold, 3)}</td>
                  <td className="right">{significant(one.ratio, 2)}</td>
                  <td>
                    <IntervalPlot
                      value={one.ratio}
                      bound={1}
                      good="below"
                      domain={[0, Math.max(2, ...features.map((other) => other.ratio ?? 0))]}
                      tone={(one.ratio ?? 0) >= 1 ? 'bad' : 'none'}
                      width={110}
                      label={`${one.feature}: ${significant(one.ratio, 2)} × the limit, q ${pValue(one.qValue)}`}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
    </>
  );
}

/** What went wrong, each time with what was seen, and who answers meanwhile. */
function FaultEvidence({ incident }: { incident: Incident }) {
  const { fault } = incident.evidence;
  if (!fault) return null;
  const { seen, count, quarantined, answeredBy } = fault;
  return (
    <Panel
      title="What was seen"
      note={count > seen.length ? `the newest ${seen.length} of ${count}` : 'each with its time, UTC'}
      flush
      data={{ name: `${incident.id}-faults`, rows: seen }}
    >
      {quarantined ? (
        <div className="row" style={{ padding: 12 }}>
          <span>
            The revision is in quarantine{answeredBy ? `; ${standInWords(answeredBy)}` : ''}. It is released
            on the page of <Link to={path`/serving/${incident.deployment ?? ''}`}>{incident.deployment}</Link>
            .
          </span>
          <CopyId id={quarantined} />
        </div>
      ) : null}
      <table className="plain-table">
        <thead>
          <tr>
            <th style={{ width: 190 }}>Time (UTC)</th>
            <th>Seen</th>
          </tr>
        </thead>
        <tbody>
          {[...seen].reverse().map((one, at) => (
            <tr key={`${one.time} ${String(at)}`}>
              <td>{utc(one.time, 'second')}</td>
              <td>{one.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
