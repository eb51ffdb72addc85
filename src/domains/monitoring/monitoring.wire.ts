import { binLabels } from '../../math/bins.ts';
import { isoTime } from '../../platform/clock.ts';
import type { TimelineEntry } from './incidents/timeline.service.ts';
import type {
  Alert,
  Evidence,
  Incident,
  Reference,
  WindowRecord,
  WindowVerdict,
} from './monitoring.model.ts';
import type { MonitorStatus } from './monitoring.service.ts';
import type { ChunkFigures } from './statistics/chunk-figures.ts';
import type { DriftFigure } from './statistics/drift.ts';
import type { Performance } from './statistics/performance.ts';
import { type ColumnProfile, scoreColumn } from './statistics/reference.ts';

const finite = (value: number) => (Number.isFinite(value) ? value : null);

export function wireDrift(figure: DriftFigure, name = figure.feature) {
  const { calendar = false, ...rest } = figure;
  return { ...rest, calendar, feature: name, pValue: finite(rest.pValue), qValue: finite(rest.qValue) };
}

type Served = { model: string; version: number };

/** The chosen words for state; a window that drifts while its outcomes are fine is healthy, and says so. */
function stateOf(verdict: WindowVerdict): string {
  if (verdict === 'degraded') return 'degraded';
  return verdict === 'not enough data' || verdict === 'learning' ? 'not enough data' : 'healthy';
}

const order = ['logLoss', 'calibrationGap', 'excessLogLoss', 'auc', 'brier'] as const;

function wirePerformance(performance: Performance | null) {
  if (!performance) return {};
  return Object.fromEntries(
    order.map((name) => {
      const { standardError: _, ...figure } = performance[name];
      return [name, { ...figure, n: performance.n }];
    }),
  );
}

/** A window in short, for a strip of states. */
export function wireStripWindow({ start, rows, judgement }: WindowRecord) {
  return {
    start: isoTime(start),
    state: stateOf(judgement.verdict),
    reason: judgement.reason,
    rows,
  };
}

/** A window as the API shows it; `served` names the model of its reference. */
export function wireWindow(window: WindowRecord, served: Served | undefined) {
  const { facts, judgement } = window;
  return {
    start: isoTime(window.start),
    end: isoTime(window.end),
    state: stateOf(judgement.verdict),
    phase: window.state,
    verdict: judgement.verdict,
    reason: judgement.reason,
    revision: window.revision,
    model: served?.model ?? null,
    version: served?.version ?? null,
    reference: window.reference,
    rows: window.rows,
    errors: facts.errors,
    labelled: window.labelled,
    coverage: facts.revisionRows > 0 ? facts.labelled / facts.revisionRows : 0,
    labelRate: judgement.performance?.labelRate ?? null,
    meanScore: judgement.performance?.meanScore ?? null,
    performance: wirePerformance(judgement.performance),
    drift: judgement.drift.map((figure) => wireDrift(figure)),
    prediction: judgement.prediction && wireDrift(judgement.prediction, 'score'),
    driftScore: judgement.driftScore,
    evaluatedAt: isoTime(window.evaluatedAt),
  };
}

function wireEvidence({ window, features, fault, ...rest }: Evidence) {
  return {
    ...rest,
    ...(fault && {
      fault: { ...fault, seen: fault.seen.map(({ time, text }) => ({ time: isoTime(time), text })) },
    }),
    window: { ...window, start: isoTime(window.start), end: isoTime(window.end) },
    features: features.map((one) => ({
      ...one,
      feature: one.feature === '__score' ? 'score' : one.feature,
      qValue: finite(one.qValue),
    })),
  };
}

export function wireAlert(alert: Alert) {
  return {
    ...alert,
    message: alert.reason,
    evidence: wireEvidence(alert.evidence),
    window: isoTime(alert.window),
    lastWindow: isoTime(alert.lastWindow),
    createdAt: isoTime(alert.createdAt),
    firedAt: isoTime(alert.firedAt),
    resolvedAt: isoTime(alert.resolvedAt),
  };
}

const titles: Record<Incident['rule'], string> = {
  'model-crash': 'The model dies',
  'model-hang': 'The model hangs',
  'model-memory': 'The model takes too much memory',
  upstream: 'The upstream does not answer',
  'invalid-outputs': 'Scores that are none',
  'error-rate': 'Requests fail',
  'prediction-log': 'Predictions are not recorded',
  database: 'The database was away',
  performance: 'The model has lost quality',
  'costly-drift': 'Drift that costs quality',
  'prediction-drift': 'The scores have drifted',
  'feature-drift': 'Inputs have drifted',
};

export function wireIncident(incident: Incident) {
  return {
    ...incident,
    deployment: incident.deployment || null,
    revision: incident.revision || null,
    model: incident.model || null,
    version: incident.model === '' ? null : incident.version,
    title: titles[incident.rule],
    evidence: wireEvidence(incident.evidence),
    window: isoTime(incident.window),
    resolvedWindow: isoTime(incident.resolvedWindow),
    openedAt: isoTime(incident.openedAt),
    acknowledgedAt: isoTime(incident.acknowledgedAt),
    resolvedAt: isoTime(incident.resolvedAt),
  };
}

export function wireTimeline(entry: TimelineEntry) {
  return { ...entry, time: isoTime(entry.time) };
}

export function wireMonitor(status: MonitorStatus) {
  const { reference, latest, latestFinal, openIncident, firing, ...rest } = status;
  const served = reference ?? undefined;
  return {
    ...rest,
    latest: latest && wireWindow(latest, served),
    latestFinal: latestFinal && wireWindow(latestFinal, served),
    reference: reference && {
      id: reference.id,
      revision: reference.revision,
      model: reference.model,
      version: reference.version,
      source: reference.source,
      chunks: reference.chunks,
      unusualChunks: reference.unusualChunks,
      createdAt: isoTime(reference.createdAt),
    },
    openIncident: openIncident && wireIncident(openIncident),
    firing: firing.map(wireAlert),
    createdAt: isoTime(status.createdAt),
    updatedAt: isoTime(status.updatedAt),
  };
}

export function wireReference(
  { profile, importance, id, revision, model, version, source, createdAt }: Reference,
  chunks: readonly ChunkFigures[],
) {
  const column = ({ bins, counts }: ColumnProfile) => ({ kind: bins.kind, labels: binLabels(bins), counts });
  const length = profile.chunks?.length ?? 0;
  return {
    id,
    revision,
    model,
    version,
    source,
    importance,
    rows: profile.rows,
    labelRate: profile.labelRate,
    features: Object.fromEntries(Object.entries(profile.features).map(([name, one]) => [name, column(one)])),
    score: column(profile.score),
    chunks: chunks.map(({ start, drift: { [scoreColumn]: score, ...drift }, ...chunk }) => ({
      ...chunk,
      start: isoTime(start),
      end: isoTime(start + length),
      drift: score ? { ...drift, score } : drift,
    })),
    createdAt: isoTime(createdAt),
  };
}
