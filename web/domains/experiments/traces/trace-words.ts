import type { Assessment, TraceSummary } from '../../../api/types.ts';
import { brief, duration } from '../../../ui/format.ts';

/** A trace's state as Houston's words of state. */
export function stateOf(state: TraceSummary['state']): string {
  const words = { OK: 'succeeded', ERROR: 'failed', IN_PROGRESS: 'running', STATE_UNSPECIFIED: 'no data' };
  return words[state];
}

/** How long a trace took; clients count in whole milliseconds. */
export function tookText(ms: number | null): string {
  return ms === 0 ? '< 1 ms' : duration(ms);
}

/** The tags that a person or a program wrote, without those that clients keep for themselves. */
export function ownTags(tags: Record<string, string>): [string, string][] {
  return Object.entries(tags).filter(([key]) => !key.startsWith('mlflow.'));
}

/** A preview as one line. JSON that holds a single text shows that text. */
export function previewText(preview: string | null): string {
  if (preview === null) return '';
  try {
    const value = JSON.parse(preview) as unknown;
    if (typeof value === 'string') return value;
    const values = typeof value === 'object' && value !== null ? Object.values(value) : [];
    if (values.length === 1 && typeof values[0] === 'string') return values[0];
  } catch {
    // Cut previews are no JSON and are shown as they are.
  }
  return preview.replaceAll(/\s+/g, ' ');
}

function assessmentText({ value, error }: Assessment, limit = 60): string {
  return error ? `error: ${error.code}` : brief(value, limit);
}

/** "correct: yes, tone: 0.8" of those that still count. */
export function assessmentsText(all: Assessment[]): string {
  return all
    .filter(({ isValid }) => isValid)
    .map((said) => `${said.name}: ${assessmentText(said, 30)}`)
    .join(', ');
}

/** The clause that keeps traces of a time range, in the language of the filter. */
export function rangeClauses(from: number | undefined, to: number | undefined): string[] {
  return [
    ...(from === undefined ? [] : [`timestamp_ms >= ${Math.round(from)}`]),
    ...(to === undefined ? [] : [`timestamp_ms < ${Math.round(to)}`]),
  ];
}

/** Clauses joined; empty ones are left out. */
export function joined(...clauses: string[]): string {
  return clauses.filter((clause) => clause.trim() !== '').join(' AND ');
}
