import { Button, Select } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type ApiError, api, path } from '../../api/client.ts';
import type { Deployment, VersionComparison } from '../../api/types.ts';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { count, metric, pValue } from '../../ui/format.ts';
import { IntervalPlot } from '../../ui/interval-plot.tsx';
import { Panel } from '../../ui/panel.tsx';
import { signedInterval } from '../../ui/signed.ts';
import { TimeRange, useTimeRange } from '../../ui/time-range.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { useKnownVersions } from './known-versions.ts';

/** Replays recorded requests through another version and compares on the same rows with outcomes. */
export function CompareVersions({ deployment }: { deployment: Deployment }) {
  const known = useKnownVersions(deployment);
  const [version, choose] = useUrlState('version');
  const range = useTimeRange();
  const others = known.filter((item) => item.version !== deployment.champion?.version);
  const chosen = version || String(others[0]?.version ?? '');
  const compare = useMutation<VersionComparison, ApiError>({
    mutationFn: () =>
      api.post<VersionComparison>(path`/api/serving/deployments/${deployment.name}/comparisons`, {
        version: Number(chosen),
        ...range.query,
      }),
  });
  return (
    <Panel
      title="Another version on the same requests"
      note="the recorded requests that have outcomes, scored again aside; callers notice nothing"
    >
      <div className="stack loose">
        <div className="row" style={{ alignItems: 'flex-end' }}>
          <Select
            label="Version"
            w={220}
            placeholder="no other version"
            data={others.map((item) => ({
              value: String(item.version),
              label: `version ${item.version}${item.aliases?.length ? ` (@${item.aliases.join(', @')})` : ''}`,
            }))}
            value={chosen || null}
            onChange={(value) => choose(value ?? '')}
          />
          <TimeRange />
          <Button loading={compare.isPending} disabled={chosen === ''} onClick={() => compare.mutate()}>
            Compare
          </Button>
          <span className="dim small">The range is event time. Replaying a month may take a while.</span>
        </div>
        {compare.error ? <ErrorPanel error={compare.error} kept="Nothing was changed." /> : null}
        {compare.data ? <Comparison found={compare.data} /> : null}
      </div>
    </Panel>
  );
}

function Comparison({ found }: { found: VersionComparison }) {
  const rows = [
    {
      name: 'AUC',
      higher: true,
      live: found.aucLive,
      other: found.aucOther,
      difference: found.difference,
      interval: found.interval,
      pValue: found.pValue,
    },
    { name: 'Log loss', higher: false, ...found.logLoss },
    { name: 'Brier score', higher: false, ...found.brier },
  ];
  return (
    <table className="plain-table">
      <thead>
        <tr>
          <th>Metric, n = {count(found.rows)}</th>
          <th className="right">As answered live</th>
          <th className="right">Version {found.version}</th>
          <th className="right">Live minus version {found.version} (95 %)</th>
          <th />
          <th className="right">p, paired</th>
          <th>Says</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const [low = row.difference, high = row.difference] = row.interval;
          const sure = low > 0 || high < 0;
          const liveBetter = row.difference > 0 === row.higher;
          return (
            <tr key={row.name}>
              <td>
                <b>{row.name}</b>
              </td>
              <td className="right">{metric(row.live, 4)}</td>
              <td className="right">{metric(row.other, 4)}</td>
              <td className="right">{signedInterval(row.difference, low, high, 4)}</td>
              <td>
                <IntervalPlot
                  value={row.difference}
                  interval={[low, high]}
                  bound={0}
                  boundTone="none"
                  tone={sure ? (liveBetter ? 'ok' : 'bad') : 'none'}
                  label={`${row.name}: ${signedInterval(row.difference, low, high, 4)}`}
                />
              </td>
              <td className="right">{pValue(row.pValue)}</td>
              <td>
                {sure
                  ? liveBetter
                    ? 'what answered live is better'
                    : `version ${found.version} is better`
                  : 'no sure difference'}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
