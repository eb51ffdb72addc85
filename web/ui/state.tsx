import { Tooltip } from '@mantine/core';

export type Tone = 'ok' | 'warn' | 'bad' | 'none' | 'pause' | 'busy';

const words: Record<string, [Tone, string?]> = {
  healthy: ['ok'],
  degraded: ['warn'],
  failing: ['bad'],
  'no data': ['none'],
  'not enough data': ['none'],
  paused: ['pause'],
  go: ['ok'],
  hold: ['warn'],
  'no-go': ['bad'],
  // runs and steps
  queued: ['none'],
  waiting: ['none'],
  ready: ['none'],
  running: ['busy'],
  succeeded: ['ok'],
  cached: ['ok'],
  failed: ['bad'],
  cancelled: ['pause'],
  skipped: ['none'],
  stopped: ['warn'],
  finished: ['ok'],
  'awaiting-approval': ['warn', 'awaiting approval'],
  // rollouts
  shadow: ['busy'],
  canary: ['busy'],
  promoted: ['ok'],
  'rolled-back': ['bad', 'rolled back'],
  aborted: ['pause'],
  held: ['warn'],
  // incidents, approvals
  open: ['bad'],
  firing: ['bad'],
  acknowledged: ['warn'],
  resolved: ['ok'],
  pending: ['warn'],
  granted: ['ok'],
  approved: ['ok'],
  rejected: ['bad'],
  expired: ['pause'],
  passed: ['ok'],
  refused: ['bad'],
  drift: ['warn'],
};

/** The tone that a state word carries everywhere in Houston. */
export function toneOf(state: string | null | undefined): Tone {
  return (
    words[(state ?? '').toLowerCase().replaceAll('_', '-')]?.[0] ??
    words[(state ?? '').toLowerCase().replaceAll('_', ' ')]?.[0] ??
    'none'
  );
}

/** The word that a state is shown as. */
export function wordOf(state: string): string {
  return words[state.toLowerCase()]?.[1] ?? state.replaceAll('_', ' ');
}

/** Shape tells the tone too, so that nobody needs to see the colour. */
export function ToneMark({ tone, size = 10 }: { tone: Tone; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 10 10"
      aria-hidden="true"
      className={tone === 'busy' ? 'spin' : undefined}
    >
      {tone === 'ok' ? <circle cx="5" cy="5" r="4" fill="currentColor" /> : null}
      {tone === 'warn' ? <path d="M5 .8 9.600 9H.4z" fill="currentColor" /> : null}
      {tone === 'bad' ? <path d="M5 .2 9.800 5 5 9.800.2 5z" fill="currentColor" /> : null}
      {tone === 'none' ? (
        <circle cx="5" cy="5" r="3.500" fill="none" stroke="currentColor" strokeWidth="1.500" />
      ) : null}
      {tone === 'pause' ? <path d="M2 1.500h2v7H2zM6 1.500h2v7H6z" fill="currentColor" /> : null}
      {tone === 'busy' ? (
        <path
          d="M5 1a4 4 0 1 1-4 4"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.800"
          strokeLinecap="round"
        />
      ) : null}
    </svg>
  );
}

/** A state in Houston's few words, with colour and shape. `bare` leaves the ground out (for dense tables). */
export function StateBadge({
  state,
  bare,
  title,
  word: shown,
}: {
  state: string | null | undefined;
  bare?: boolean;
  title?: string;
  /** Said instead of the state's own word, in its tone. */
  word?: string;
}) {
  const word = state ?? 'no data';
  const tone = toneOf(word);
  const badge = (
    <span className={`state tone-${tone}${bare ? ' bare' : ''}`}>
      <ToneMark tone={tone} />
      {shown ?? wordOf(word)}
    </span>
  );
  return title ? <Tooltip label={title}>{badge}</Tooltip> : badge;
}
