import type {
  Evaluation,
  ExperimentRunDetail,
  Figure,
  MetricValue,
  ModelVersion,
  Tensor,
} from '../../api/types.ts';
import { bytes, metric, significant, utc, withInterval } from '../../ui/format.ts';
import { verdictReason } from './check-words.ts';
import { shapeText } from './signature-view.tsx';

export type Side = {
  version: ModelVersion;
  run: ExperimentRunDetail | undefined;
  evaluation: Evaluation | undefined;
};
export type CompareLine = { name: string; values: [string, string]; differs: boolean };
export type CompareGroup = { title: string; lines: CompareLine[] };

type Named = Record<string, string>;

/** What two versions are, were made with and measure, side by side. */
export function compareGroups(left: Side, right: Side): CompareGroup[] {
  const group = (title: string, of: (side: Side) => Named): CompareGroup => ({
    title,
    lines: lines(of(left), of(right)),
  });
  return [
    group('Version', about),
    group('Evaluation', evaluated),
    group('Metrics of the run', ({ run }) => texts(run?.metrics ?? {})),
    group('Params of the run', ({ run }) => texts(run?.params ?? {})),
    group('Inputs', ({ version }) => tensors(version.signature.inputs)),
    group('Outputs', ({ version }) => tensors(version.signature.outputs)),
    group('Features', ({ version }) =>
      Object.fromEntries((version.signature.features ?? []).map((name) => [name, 'used'])),
    ),
    group('Tags', ({ version }) => version.tags),
  ].filter(({ lines: found }) => found.length > 0);
}

function lines(left: Named, right: Named): CompareLine[] {
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].map((name) => {
    const values: [string, string] = [left[name] ?? '–', right[name] ?? '–'];
    return { name, values, differs: values[0] !== values[1] };
  });
}

function about({ version }: Side): Named {
  const { lineage, verdict } = version;
  return {
    Verdict: verdict ? `${verdict.decision}: ${verdictReason(verdict)}` : 'not judged',
    Aliases: version.aliases.map((alias) => `@${alias}`).join(', ') || '–',
    Flavour: version.flavor,
    Size: bytes(version.size),
    Digest: version.digest.slice(7, 19),
    'Made from': lineage.dataset ?? '–',
    'Feature service': lineage.featureService ?? '–',
    Source: version.source || '–',
    Description: version.description || '–',
    Registered: `${utc(version.createdAt)} UTC by ${version.actor}`,
  };
}

function evaluated({ evaluation }: Side): Named {
  if (!evaluation) return {};
  const { candidate, rows, latency } = evaluation.report;
  const figure = ({ value, lower, upper }: Figure) => withInterval(value, lower, upper);
  return {
    AUC: figure(candidate.auc),
    'Log loss': figure(candidate.logLoss),
    Brier: figure(candidate.brier),
    Accuracy: metric(candidate.accuracy),
    Precision: metric(candidate.precision),
    Recall: metric(candidate.recall),
    'Calibration error': metric(candidate.ece),
    'Latency p99, one row': `${significant(latency.p99, 2)} ms`,
    'Held-out rows': String(rows),
    'Same held-out rows': evaluation.testDigest.slice(7, 19),
  };
}

function texts(values: Record<string, MetricValue | string>): Named {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      typeof value === 'number' && !Number.isInteger(value) ? significant(value, 4) : String(value),
    ]),
  );
}

const tensors = (list: Tensor[]): Named =>
  Object.fromEntries(list.map(({ name, datatype, shape }) => [name, `${datatype}, ${shapeText(shape)}`]));
