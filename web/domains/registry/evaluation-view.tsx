import type { Difference, Evaluation, EvaluationReport, Figure, ModelFigures } from '../../api/types.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Digest } from '../../ui/copy-id.tsx';
import { count, duration, metric, percent, pValue, significant, utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Panel } from '../../ui/panel.tsx';
import { signedInterval } from '../../ui/signed.ts';
import { XyChart, type XyLine } from '../../ui/xy-chart.tsx';
import { ScoreHistogram } from './score-histogram.tsx';
import { SlicesTable } from './slices-table.tsx';
import { figureText } from './version-bits.tsx';
import './registry.css';

/** Quality on held-out rows: figures, curves, slices, importance; always beside champion and baseline. */
export function EvaluationView({ evaluation }: { evaluation: Evaluation }) {
  const { report } = evaluation;
  return (
    <>
      <Panel
        title="Figures"
        note={`${count(report.rows)} held-out rows, ${count(report.positives)} positive (${percent(report.labelRate)})${
          report.timeFrom !== null
            ? `, ${utc(report.timeFrom, 'day')} to ${utc(report.timeTo, 'day')} UTC`
            : ''
        }; 95 % intervals${report.clusters > 0 ? `, ${report.clusters} hours as clusters` : ''}`}
        data={{ name: `${evaluation.model}-figures`, rows: figureRows(report) }}
        flush
      >
        <FiguresTable report={report} />
        {report.championProblem ? (
          <p className="dim" style={{ padding: '8px 12px' }}>
            The champion could not be run on these rows: {report.championProblem}
          </p>
        ) : null}
      </Panel>
      <Panel title="ROC curve" note="how well the order is right" span={6}>
        <XyChart
          x={[0, 1]}
          y={[0, 1]}
          xLabel="false positive rate"
          yLabel="true positive rate"
          diagonal="chance"
          lines={rocLines(report)}
        />
      </Panel>
      <Panel title="Calibration" note="dots: bins of equal count with 95 % intervals" span={6}>
        <XyChart
          x={[0, calibrationTop(report)]}
          y={[0, calibrationTop(report)]}
          xLabel="predicted share"
          yLabel="observed share"
          diagonal="as promised"
          lines={calibrationLines(report)}
        />
      </Panel>
      <Panel title="Scores" note="twenty equal bins, by true outcome" span={6}>
        <ScoreHistogram {...report.scoreHistogram} />
      </Panel>
      <Panel
        title="Feature importance"
        note="AUC lost when a feature is shuffled"
        span={6}
        data={{ name: `${evaluation.model}-importance`, rows: report.importance }}
      >
        <Importance importance={report.importance} />
      </Panel>
      <SlicesTable report={report} />
      <Panel title="How it was measured" span={12}>
        <KeyValue
          items={[
            ['Evaluation', evaluation.id],
            ['Test rows', <Digest key="t" digest={evaluation.testDigest} />],
            ['Threshold', metric(report.threshold, 2)],
            [
              'One row',
              `p50 ${duration(report.latency.p50)}, p99 ${duration(report.latency.p99)} in ${count(report.latency.runs)} runs on one thread; opens in ${duration(report.latency.loadMs)}`,
            ],
            [
              'Baseline',
              report.baseline.rate === null
                ? 'a simple model on the same features'
                : `the constant ${percent(report.baseline.rate)}`,
            ],
            ['Measured', `${utc(evaluation.createdAt, 'second')} UTC`],
          ]}
        />
      </Panel>
    </>
  );
}

const figureNames = [
  ['auc', 'AUC', 'higher is better'],
  ['logLoss', 'Log loss', 'nats, lower is better'],
  ['brier', 'Brier score', 'lower is better'],
] as const;

function FiguresTable({ report }: { report: EvaluationReport }) {
  const { candidate, champion, baseline } = report;
  const plain: [string, string, (model: ModelFigures) => string][] = [
    ['Calibration error', 'mean gap, lower is better', (model) => metric(model.ece)],
    ['Calibration slope', '1 is right', (model) => figureText(model.calibrationSlope, 2)],
    ['Mean score', `observed share ${percent(report.labelRate)}`, (model) => metric(model.meanScore)],
    ['Accuracy', `at ${report.threshold}`, (model) => metric(model.accuracy)],
    ['Precision', `at ${report.threshold}`, (model) => metric(model.precision)],
    ['Recall', `at ${report.threshold}`, (model) => metric(model.recall)],
  ];
  return (
    <div style={{ overflowX: 'auto' }}>
      <table className="plain-table">
        <thead>
          <tr>
            <th>Metric</th>
            <th className="right">This version</th>
            <th className="right">Champion</th>
            <th className="right">Difference (95 %)</th>
            <th className="right">Baseline</th>
            <th className="right">Difference (95 %)</th>
          </tr>
        </thead>
        <tbody>
          {figureNames.map(([key, name, hint]) => (
            <tr key={key}>
              <td className="nowrap" title={hint}>
                <b>{name}</b>
              </td>
              <td className="right">
                <b>{figureText(candidate[key])}</b>
              </td>
              <td className="right">{champion ? figureText(champion[key]) : '–'}</td>
              <DifferenceCell difference={report.versusChampion?.[key]} higher={key === 'auc'} />
              <td className="right">{figureText(baseline[key])}</td>
              <DifferenceCell difference={report.versusBaseline[key]} higher={key === 'auc'} />
            </tr>
          ))}
          {plain.map(([name, hint, read]) => (
            <tr key={name}>
              <td className="nowrap" title={hint}>
                {name}
              </td>
              <td className="right">{read(candidate)}</td>
              <td className="right">{champion ? read(champion) : '–'}</td>
              <td />
              <td className="right">{read(baseline)}</td>
              <td />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function DifferenceCell({ difference, higher }: { difference: Difference | undefined; higher: boolean }) {
  if (!difference || difference.value === null) {
    return <td className="right faint">–</td>;
  }
  const { value, lower, upper } = difference;
  const sure = lower !== null && upper !== null && (lower > 0 || upper < 0);
  const better = value > 0 === higher;
  return (
    <td
      className="right"
      style={sure ? { color: better ? 'var(--ok)' : 'var(--bad)' } : undefined}
      title={`${sure ? (better ? 'surely better' : 'surely worse') : 'the interval holds zero'}, p ${pText(difference.pValue)}`}
    >
      {signedInterval(value, lower, upper)} {sure ? (better ? 'better' : 'worse') : 'undecided'}
    </td>
  );
}

function pText(value: number | null): string {
  const text = pValue(value);
  return text.startsWith('<') ? text : `= ${text}`;
}

function figureRows(report: EvaluationReport): Record<string, unknown>[] {
  return (['candidate', 'champion', 'baseline'] as const).flatMap((who) => {
    const model = report[who];
    if (!model) return [];
    const parts = (key: string, figure: Figure) => ({
      [key]: figure.value,
      [`${key}_low`]: figure.lower,
      [`${key}_high`]: figure.upper,
    });
    return [
      {
        model: who,
        ...parts('auc', model.auc),
        ...parts('log_loss', model.logLoss),
        ...parts('brier', model.brier),
        ece: model.ece,
        accuracy: model.accuracy,
        precision: model.precision,
        recall: model.recall,
      },
    ];
  });
}

function named(report: EvaluationReport): [string, ModelFigures, number][] {
  const { candidate, champion, baseline } = report;
  return [
    ['this version', candidate, 0],
    ...(champion ? [['champion', champion, 1] as [string, ModelFigures, number]] : []),
    ['baseline', baseline, 4],
  ];
}

function rocLines(report: EvaluationReport): XyLine[] {
  return named(report).map(([label, model, color]) => ({
    label: `${label} ${figureText(model.auc)}`,
    color,
    dash: label === 'baseline',
    points: model.roc.map((point) => ({ x: point.falsePositiveRate, y: point.truePositiveRate })),
  }));
}

function calibrationLines(report: EvaluationReport): XyLine[] {
  return named(report).map(([label, model, color]) => ({
    label: `${label}, error ${metric(model.ece)}`,
    color,
    dots: label === 'this version',
    dash: label === 'baseline',
    points: model.calibration.map((bin) => ({
      x: bin.predicted,
      y: bin.observed,
      low: bin.lower,
      high: bin.upper,
      text: `predicted ${percent(bin.predicted)}, observed ${percent(bin.observed)} (${percent(bin.lower)} to ${percent(bin.upper)}), n = ${count(bin.n)}`,
    })),
  }));
}

/** The curve fills the square: shares beyond the highest bin are nobody's. */
function calibrationTop(report: EvaluationReport): number {
  const most = Math.max(
    0.1,
    ...named(report).flatMap(([, model]) => model.calibration.flatMap((bin) => [bin.predicted, bin.upper])),
  );
  return Math.min(1, Math.ceil(most * 10) / 10);
}

function Importance({ importance }: { importance: EvaluationReport['importance'] }) {
  const most = Math.max(1e-9, ...importance.map((one) => one.auc ?? 0));
  if (importance.length === 0) return <span className="dim">Not measured.</span>;
  return (
    <ul className="bars" aria-label="Feature importance">
      {importance.slice(0, 20).map((one) => (
        <li key={one.feature} style={{ display: 'contents' }} title={title(one)}>
          <span className="truncate">{one.feature}</span>
          <span className="bars-track">
            <span
              className="bars-fill"
              style={{ display: 'block', width: `${(Math.max(0, one.auc ?? 0) / most) * 100}%` }}
            />
          </span>
          <span className="num">{significant(one.auc, 2)}</span>
        </li>
      ))}
      {importance.length > 20 ? (
        <li className="dim small">{importance.length - 20} more in the export</li>
      ) : null}
    </ul>
  );
}

function title(one: { auc: number | null; logLoss: number | null }): string {
  return `AUC −${significant(one.auc, 3)}, log loss +${significant(one.logLoss, 3)} when shuffled`;
}

/** A version that came without a test table. */
export function NotEvaluated({ name }: { name: string }) {
  return (
    <Panel>
      <div className="empty">
        <h3>This version has not been evaluated</h3>
        <div className="dim">
          Without an evaluation the gate can only probe the file. A pipeline with a step registry/evaluate
          scores held-out rows through this version, the champion and a baseline.
        </div>
        <CodeBlock
          code={`evaluate:\n  uses: registry/evaluate\n  with: { model: ${name}, test: "\${{ jobs.split.outputs.test }}" }`}
        />
      </div>
    </Panel>
  );
}
