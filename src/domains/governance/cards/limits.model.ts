import type { Card } from './card.contract.ts';

type Facts = Omit<Card, 'limits'>;

/** What a reader must not take for known: gaps in the record, too little data, and what speaks against the version. */
export function limitsOf(card: Facts): string[] {
  return [...originLimits(card), ...evaluationLimits(card), ...releaseLimits(card)];
}

function originLimits({ description, risk, data, features, run }: Facts): string[] {
  return [
    description === '' && 'Intended use: nobody has described this model.',
    risk === null && 'Risk: nobody has rated this model; policies take it for the highest.',
    data === null && 'Training data: not on record. It cannot be said what this version has seen.',
    features === null && 'Features: no feature service is on record; callers send the inputs themselves.',
    run === null && 'Training: no run is on record, so it cannot be repeated from here.',
  ].filter((one) => one !== false);
}

function evaluationLimits({ evaluation }: Facts): string[] {
  if (!evaluation) return ['Evaluation: none is on record. Nothing is known of its quality on unseen rows.'];
  const { rows, positives, timeFrom, timeTo, slices } = evaluation;
  const span = timeFrom && timeTo ? `, from ${timeFrom} to ${timeTo}` : '';
  const few = slices.filter((slice) => slice.auc.value === null).map(nameOf);
  const chance = slices.filter(({ auc }) => auc.lower !== null && auc.lower <= 0.5).map(nameOf);
  const worse = slices.filter((slice) => isWorse(slice.versusChampion)).map(nameOf);
  return [
    `Evaluation: ${rows} rows with ${positives} positives${span}. What lies outside is not known.`,
    slices.length === 0 && 'Slices: none were evaluated; groups may fare worse than the whole.',
    few.length > 0 && `Slices with not enough data for an AUC: ${few.join(', ')}.`,
    chance.length > 0 && `Slices where it is not surely better than chance: ${chance.join(', ')}.`,
    worse.length > 0 && `Slices where its log loss is worse than the champion's: ${worse.join(', ')}.`,
    'Fairness: no column is declared as a protected attribute, so no figure of group fairness was computed.',
  ].filter((one) => one !== false);
}

const nameOf = ({ column, value }: { column: string; value: string }) => `${column}=${value}`;

/** Log loss above the champion's beyond chance, after the correction for many slices. */
function isWorse(difference: { value: number | null; pValue: number | null } | null): boolean {
  const { value = null, pValue = null } = difference ?? {};
  return value !== null && value > 0 && pValue !== null && pValue < 0.05;
}

function releaseLimits({ verdict, approvals, deployments }: Facts): string[] {
  const lines = deployments.length > 0 ? [] : ['Production: it has never been deployed.'];
  if (approvals.length === 0) lines.push('Approvals: none was asked for.');
  if (!verdict) return ['Gate: no verdict is on record.', ...lines];
  const open = verdict.checks.filter(({ decision }) => decision === 'not-enough-data');
  const failed = verdict.checks.filter(({ decision }) => decision === 'fail');
  return [
    ...failed.map(({ name, reason }) => `Gate, ${name} failed: ${reason}`),
    ...open.map(({ name, reason }) => `Gate, ${name}, not enough data: ${reason}`),
    ...lines,
  ];
}
