import { performance } from 'node:perf_hooks';
import { quantile } from '../../../math/descriptive.ts';
import { exactShapley, mostExactPlayers } from '../../../math/shapley/exact.ts';
import {
  type InterventionalGame,
  interventionalGame,
  logOdds,
  type ShapleyValues,
} from '../../../math/shapley/game.ts';
import { isEnumerated, kernelShapley } from '../../../math/shapley/kernel.ts';
import { permutationShapley } from '../../../math/shapley/permutation.ts';
import { isoTime } from '../../../platform/clock.ts';
import type { Scope } from '../../../platform/scope.ts';
import { heldTensors, type SentRow } from '../graphs/recorded-row.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import type { ServingState } from '../serving.state.ts';
import { type Background, recordedBackground } from './background.ts';
import type { ExplanationReplyBody } from './explanation.contract.ts';
import { explanationError } from './explanation.errors.ts';
import { type Contribution, type Plan, planOf, type Settings } from './explanation.model.ts';
import { type Progress, stopping } from './explanation-desk.ts';
import { withRevision } from './revision-at-hand.ts';
import { type Pace, vectorModel } from './vector-model.ts';

/** What is explained: one vector that a revision scores. */
export type Subject = {
  deployment: string;
  revision: string;
  vector: Float64Array;
  /** The row as it was sent: what is no number of the vector stays as it is in all that is scored. */
  sent: SentRow;
  prediction: { id: string; time: number; score: number } | null;
};

/** An explanation without what is only known when it is asked for: declared texts, and whether it was kept. */
export type Explanation = Omit<ExplanationReplyBody, 'state' | 'reasons' | 'cached'>;

/**
 * Works out the Shapley values of one vector against recorded rows of the same revision, with calls that leave the
 * model time for requests. A revision that no longer serves is loaded aside for it.
 * @throws serving.explanation.no_background, …unsupported, …settings_invalid, …upstream_calls, …timeout, …failed
 */
export async function explain(
  state: ServingState,
  scope: Scope,
  subject: Subject,
  settings: Settings,
  progress: Progress,
): Promise<Explanation> {
  const started = performance.now();
  const width = subject.vector.length;
  const { deployment, revision, prediction } = subject;
  const background = await recordedBackground(state, {
    deployment,
    revision,
    width,
    rows: settings.background,
    seed: settings.seed,
    ...(prediction && { prediction }),
  });
  const task = { subject, settings, background, progress, started };
  return withRevision(state, scope, subject, (live) => explainBy(live, task));
}

type Task = {
  subject: Subject;
  settings: Settings;
  background: Background;
  progress: Progress;
  started: number;
};

async function explainBy(live: LiveRevision, task: Task): Promise<Explanation> {
  const { subject, settings, background, progress, started } = task;
  const { vector, prediction } = subject;
  checkLink(live, settings);
  progress.done = 0;
  const pace: Pace = {
    deadline: started + settings.timeLimitMs,
    onRows(rows) {
      progress.done += rows;
      if (progress.mustEnd) throw stopping();
    },
  };
  const model = vectorModel(live, vector.length, pace, heldTensors(live, subject.sent));
  const link = settings.link === 'logit' ? logOdds : undefined;
  const game = interventionalGame(model, vector, background.vectors, link);
  checkCalls(live, settings, game, background);
  const score = (await model(vector, 1))[0];
  const before = performance.now();
  await model(background.vectors, background.rows);
  const plan = planOf(
    settings,
    game.players,
    background.rows,
    (performance.now() - before) / background.rows,
  );
  progress.total = progress.done + plan.coalitions * background.rows;
  // Sampling ends by itself near its time; only a run that hangs or crawls is given up.
  if (plan.method !== 'exact') pace.deadline += settings.timeLimitMs;
  const shares = await divide(game, plan, settings, started + settings.timeLimitMs);
  const features = contributions(live, subject, background, game, shares);
  const contributed = features.reduce((sum, { contribution }) => sum + contribution, 0);
  const expected = shares.total - shares.base;
  return {
    deployment: subject.deployment,
    revision: subject.revision,
    model: live.revision.model,
    version: live.revision.version,
    prediction: prediction?.id ?? null,
    method: plan.method,
    methodReason: plan.reason,
    exact:
      plan.method === 'exact' || (plan.method === 'kernel' && isEnumerated(game.players, plan.coalitions)),
    link: settings.link,
    base: shares.base,
    output: shares.total,
    score,
    recordedScore: prediction?.score ?? null,
    sum: { contributions: contributed, expected, difference: contributed - expected },
    features,
    background: {
      rows: background.rows,
      of: background.of,
      from: isoTime(background.from),
      to: isoTime(background.to),
      source: background.source,
    },
    seed: settings.seed,
    modelRows: progress.done,
    elapsedMs: Math.round(performance.now() - started),
  };
}

function checkLink(live: LiveRevision, { link }: Settings): void {
  if (link === 'identity' || live.scorer.isProbability) return;
  throw explanationError(
    'serving.explanation.settings_invalid',
    'The link logit is for probabilities, and this score is none (declare scoreRange: [0, 1] if it is).',
  );
}

/** Refuses what is too much, before the first call. */
function checkCalls(
  live: LiveRevision,
  settings: Settings,
  { players }: InterventionalGame,
  { rows }: Background,
): void {
  if (settings.method === 'exact' && players > mostExactPlayers) {
    throw explanationError(
      'serving.explanation.settings_invalid',
      `${players} features vary; the method exact takes at most ${mostExactPlayers}.`,
    );
  }
  if (live.runner.placement !== 'upstream' || settings.upstream) return;
  const { coalitions } = planOf(settings, players, rows, 0);
  throw explanationError(
    'serving.explanation.upstream_calls',
    `Another server runs this model; the explanation would ask it to score about ${coalitions * rows} rows.`,
  );
}

async function divide(
  game: InterventionalGame,
  plan: Plan,
  { seed }: Settings,
  deadline: number,
): Promise<ShapleyValues> {
  if (plan.method === 'exact') return exactShapley(game);
  let last = performance.now();
  // Asked after each piece: there must be time for one more, half as slow again.
  const shouldStop = () => {
    const now = performance.now();
    const piece = now - last;
    last = now;
    return now + 1.5 * piece > deadline;
  };
  return plan.method === 'kernel'
    ? kernelShapley(game, { coalitions: plan.coalitions, seed, shouldStop })
    : permutationShapley(game, { pairs: plan.pairs, seed, shouldStop });
}

function contributions(
  live: LiveRevision,
  { vector }: Subject,
  { vectors, rows }: Background,
  { columns }: InterventionalGame,
  shares: ShapleyValues,
): Contribution[] {
  const width = vector.length;
  const features = Array.from(vector, (value, i): Contribution => {
    const column = new Float64Array(rows);
    for (let row = 0; row < rows; row++) column[row] = vectors[row * width + i];
    const known = column.filter(Number.isFinite).sort();
    return {
      name: live.revision.features[i] ?? `[${i}]`,
      value: Number.isFinite(value) ? value : null,
      usual: known.length > 0 ? quantile(known, 0.5) : null,
      contribution: 0,
      standardError: 0,
    };
  });
  columns.forEach((column, player) => {
    features[column].contribution = shares.values[player];
    features[column].standardError = shares.errors[player];
  });
  return features;
}
