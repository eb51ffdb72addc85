/** Severity words, mildest first. */
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** How likely a wrong answer is, and what it does when it happens; both whole numbers from 1 to 5. */
export type RiskRating = { probability: number; impact: number };

export type Risk = RiskRating & {
  /** probability × impact, 1 to 25. */
  score: number;
  severity: Severity;
};

export const PROBABILITY_WORDS = ['rare', 'unlikely', 'possible', 'likely', 'almost certain'] as const;
export const IMPACT_WORDS = ['negligible', 'minor', 'moderate', 'major', 'catastrophic'] as const;

/**
 * Severity of a cell of the 5 × 5 matrix. Score = probability × impact: up to 4 low, 5 to 9 medium, 10 to 16
 * high, from 17 critical. A catastrophic impact (5) is never below high, and a major one (4) never below
 * medium, however rare: rare and ruinous is not cancelled out by being rare.
 * @throws RangeError when a rating is not a whole number from 1 to 5.
 */
export function severityOf({ probability, impact }: RiskRating): Severity {
  for (const [name, value] of [
    ['probability', probability],
    ['impact', impact],
  ] as const) {
    if (!Number.isInteger(value) || value < 1 || value > 5) {
      throw new RangeError(`Risk ${name} must be a whole number from 1 to 5.`);
    }
  }
  const score = probability * impact;
  const byScore: Severity = score >= 17 ? 'critical' : score >= 10 ? 'high' : score >= 5 ? 'medium' : 'low';
  if (impact === 5) return atLeast(byScore, 'high') ? byScore : 'high';
  if (impact === 4) return atLeast(byScore, 'medium') ? byScore : 'medium';
  return byScore;
}

/** The whole assessment of a rating. */
export function assessRisk(rating: RiskRating): Risk {
  return {
    probability: rating.probability,
    impact: rating.impact,
    score: rating.probability * rating.impact,
    severity: severityOf(rating),
  };
}

/** Whether `severity` is `bound` or worse. */
export function atLeast(severity: Severity, bound: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(bound);
}

/** Every cell of the matrix, for pages: rows by probability 5 to 1, columns by impact 1 to 5. */
export function riskMatrix(): Risk[][] {
  return [5, 4, 3, 2, 1].map((probability) =>
    [1, 2, 3, 4, 5].map((impact) => assessRisk({ probability, impact })),
  );
}
