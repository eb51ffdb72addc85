const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Pattern of a duration such as `500ms`, `30s`, `10m`, `2h`, `7d`. */
export const durationPattern = '^\\d+(\\.\\d+)?(ms|s|m|h|d)$';

/** Milliseconds of a duration; throws on anything else, which the schema has excluded. */
export function durationMs(text: string): number {
  const [, amount, unit] = pattern.exec(text) ?? [];
  if (!amount || !unit) throw new Error(`"${text}" is not a duration.`);
  return Number(amount) * units[unit as keyof typeof units];
}
