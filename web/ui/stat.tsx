import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { count, group, MISSING, metric } from './format.ts';

export type StatProps = {
  label: string;
  value: number | string | null | undefined;
  unit?: string;
  /** Decimals of a metric; without it counts are shortened (1.2 M). */
  decimals?: number;
  /** Bounds of the 95 % interval. */
  interval?: [number | null | undefined, number | null | undefined] | null;
  n?: number | null;
  note?: ReactNode;
  /** What the number means, on hover. */
  hint?: string;
};

/** One number with its unit, its n and, where it is an estimate, its interval. */
export function Stat({ label, value, unit, decimals, interval, n, note, hint }: StatProps) {
  const text =
    typeof value === 'string' ? value : decimals === undefined ? count(value) : metric(value, decimals);
  const exact = typeof value === 'number' && Number.isFinite(value) ? group(value) : undefined;
  const [low, high] = interval ?? [];
  const notes = [
    low !== null && low !== undefined && high !== null && high !== undefined
      ? `95 %: ${metric(low, decimals ?? 3)} to ${metric(high, decimals ?? 3)}`
      : null,
    n === null || n === undefined ? null : `n = ${count(n)}`,
  ].filter(Boolean);
  const body = (
    <div className="stat">
      <div className="stat-label">{label}</div>
      <div className={text.length > 11 ? 'stat-value long' : 'stat-value'} title={exact}>
        {text}
        {unit && text !== MISSING ? <span className="unit">{unit}</span> : null}
      </div>
      <div className="stat-note">
        {notes.join(' · ')}
        {notes.length > 0 && note ? ' · ' : null}
        {note}
      </div>
    </div>
  );
  return hint ? <Tooltip label={hint}>{body}</Tooltip> : body;
}

/** Stats side by side, divided by hairlines; in rows of three where the panel is half as wide. */
export function Stats({ children, columns }: { children: ReactNode; columns?: 3 }) {
  return <div className={columns ? 'stats three' : 'stats'}>{children}</div>;
}
