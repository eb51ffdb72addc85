import { Button } from '@mantine/core';
import { IconArrowLeft, IconArrowRight } from '@tabler/icons-react';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { DriftResult, FeatureComparison, MonitorWindow } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { count, metric, percent, pValue, significant, utc } from '../../ui/format.ts';
import { Histogram } from '../../ui/histogram.tsx';
import { KeyValue } from '../../ui/key-value.tsx';
import { Drawer } from '../../ui/overlay.tsx';
import { ExportMenu } from '../../ui/panel.tsx';
import { signedInterval } from '../../ui/signed.ts';
import { StateBadge } from '../../ui/state.tsx';
import { TimeSeries } from '../../ui/time-series.tsx';
import { useUrlPatch } from '../../ui/url-state.ts';

/** One feature of one window against the reference, on the same frozen bins. */
export function CompareDrawer({ deployment, windows }: { deployment: string; windows: MonitorWindow[] }) {
  const [search, patch] = useUrlPatch();
  const { feature = '', window: start = '' } = search;
  const open = feature !== '' && start !== '';
  const comparison = useApi<FeatureComparison>(path`/api/monitoring/monitors/${deployment}/compare`, {
    query: { feature, start },
    enabled: open,
  });
  const at = windows.findIndex((window) => window.start === start);
  const step = (by: number) => {
    const next = windows[at + by];
    if (next) patch({ window: next.start });
  };
  return (
    <Drawer
      open={open}
      close={() => patch({ feature: undefined, window: undefined })}
      size="min(760px, 92vw)"
      title={
        <span className="row">
          {feature}
          <Button
            variant="default"
            size="compact-xs"
            aria-label="Window before"
            disabled={at <= 0}
            onClick={() => step(-1)}
          >
            <IconArrowLeft size={13} />
          </Button>
          <span className="dim" style={{ fontWeight: 400 }}>
            {utc(start)} UTC
          </span>
          <Button
            variant="default"
            size="compact-xs"
            aria-label="Window after"
            disabled={at < 0 || at >= windows.length - 1}
            onClick={() => step(1)}
          >
            <IconArrowRight size={13} />
          </Button>
        </span>
      }
    >
      {open ? (
        <Loaded query={comparison} height={420}>
          {(found) => (
            <>
              <Verdict found={found} window={windows[at]} />
              <Shapes found={found} />
              <OverTime feature={feature} windows={windows} />
              <Contributions found={found} />
            </>
          )}
        </Loaded>
      ) : null}
    </Drawer>
  );
}

function Verdict({ found, window }: { found: FeatureComparison; window: MonitorWindow | undefined }) {
  const { figure } = found;
  if (!figure) return <span className="dim">This window has not been judged.</span>;
  const state =
    figure.ratio === null ? 'not enough data' : figure.ratio >= 1 || figure.flag ? 'drift' : 'healthy';
  return (
    <div className="stack">
      <div className="row">
        <StateBadge state={state} />
        <b>
          {figure.ratio === null
            ? window?.verdict === 'learning'
              ? 'The limits are still being learned.'
              : 'Too few rows to judge.'
            : `${significant(figure.ratio, 2)} × the limit of the ${decider(figure)}${figure.flag ? ', significant after correction' : ''}.`}
        </b>
      </div>
      <KeyValue
        items={[
          [
            'PSI',
            `${significant(figure.effect, 3)}${figure.threshold === null ? '' : `, limit ${significant(figure.threshold, 3)} learned from how much ${found.source === 'training' ? 'such stretches of the evaluation, and the first windows, differ' : 'the first windows differ'}`}`,
          ],
          ['Shift', shiftWords(figure)],
          ['Jensen-Shannon distance', `${metric(figure.distance)} of 1`],
          [
            'p, q',
            `${pValue(figure.pValue)}, ${pValue(figure.qValue)} after Benjamini-Hochberg over all columns of the window`,
          ],
          ...(figure.calendar
            ? [
                [
                  'By window',
                  'it differs between windows and hardly within one, as the day of the week does: judged by missing and new values alone',
                ] as [string, string],
              ]
            : []),
          ['Missing', `${percent(figure.missing)}; in the reference ${percent(figure.missingReference)}`],
          ['Unseen values', percent(figure.unseen)],
          ['n', count(figure.n)],
        ]}
      />
    </div>
  );
}

/** Which of the two figures is further beyond (or nearer to) its limit. */
function decider({ effect, threshold, ratio }: DriftResult): string {
  return threshold !== null && ratio !== null && effect / threshold >= ratio * 0.999 ? 'PSI' : 'shift';
}

/** "(0.0521262, 0.0874263]" with numbers that a person reads: "(0.0521, 0.0874]". */
function shortBin(label: string): string {
  return label.replace(/-?\d+\.\d{3,}(e-?\d+)?/g, (number) => significant(Number(number), 3));
}

function shiftWords(figure: DriftResult): string {
  const way = figure.shift > 0 ? 'values have grown' : figure.shift < 0 ? 'values have fallen' : 'none';
  const limits =
    figure.shiftLow === null || figure.shiftHigh === null
      ? ''
      : `; usual range ${metric(figure.shiftLow, 2)} to ${metric(figure.shiftHigh, 2)}`;
  return `Cliff's delta ${signedInterval(figure.shift, null, null, 2)}: ${way}${limits}`;
}

function Shapes({ found }: { found: FeatureComparison }) {
  return (
    <div>
      <h3 style={{ fontSize: 'var(--fs-2)' }}>Reference and current, same frozen bins</h3>
      <Histogram
        labels={found.labels.map(shortBin)}
        reference={found.reference}
        current={found.current}
        names={[`reference (${found.source})`, `window of ${utc(found.start, 'day')}`]}
        height={220}
        apart={found.kind === 'edges' ? 1 : 2}
      />
    </div>
  );
}

function OverTime({ feature, windows }: { feature: string; windows: MonitorWindow[] }) {
  const results = windows.map((window) =>
    feature === 'score' ? window.prediction : window.drift.find((one) => one.feature === feature),
  );
  const times = windows.map((window) => Date.parse(window.start));
  return (
    <div>
      <h3 style={{ fontSize: 'var(--fs-2)' }}>PSI over time</h3>
      <TimeSeries
        times={times}
        height={150}
        unit="PSI"
        min={0}
        lines={[
          { label: 'effect', values: results.map((one) => one?.effect ?? null), color: 0 },
          {
            label: 'limit',
            values: results.map((one) => one?.threshold ?? null),
            color: 'bad',
            dash: true,
            stepped: true,
          },
        ]}
      />
    </div>
  );
}

function Contributions({ found }: { found: FeatureComparison }) {
  const parts = found.contributions;
  const sum = parts.reduce((total, part) => total + part, 0);
  const most = Math.max(1e-12, ...parts);
  const total = (counts: number[]) => counts.reduce((all, value) => all + value, 0);
  const [n, m] = [total(found.reference), total(found.current)];
  const rows = found.labels
    .map((label, at) => ({
      bin: shortBin(label),
      reference: found.reference[at] ?? 0,
      current: found.current[at] ?? 0,
      referenceShare: n > 0 ? (found.reference[at] ?? 0) / n : null,
      currentShare: m > 0 ? (found.current[at] ?? 0) / m : null,
      psi: parts[at] ?? 0,
    }))
    .filter((row) => row.reference + row.current > 0);
  return (
    <div>
      <div className="row">
        <h3 style={{ fontSize: 'var(--fs-2)' }} className="grow">
          Which bins moved <span className="dim">PSI {significant(sum, 3)} in all</span>
        </h3>
        <ExportMenu name={`${found.feature}-${found.start.slice(0, 10)}`} rows={rows} />
      </div>
      <table className="plain-table">
        <thead>
          <tr>
            <th>Bin</th>
            <th className="right">Reference</th>
            <th className="right">Current</th>
            <th className="right">PSI</th>
            <th style={{ width: 150 }}>Part of the whole</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.bin}>
              <td>{row.bin}</td>
              <td className="right" title={`${row.reference} rows`}>
                {percent(row.referenceShare)}
              </td>
              <td className="right" title={`${row.current} rows`}>
                {percent(row.currentShare)}
              </td>
              <td className="right">{significant(row.psi, 2)}</td>
              <td>
                <div className="bar" style={{ height: 8 }}>
                  <i style={{ width: `${(row.psi / most) * 100}%`, background: 'var(--s2)' }} />
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
