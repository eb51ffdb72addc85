export type Clock = () => number;

/** Wall clock in milliseconds since 1970, UTC. */
export const systemClock: Clock = () => Date.now();

/** ISO text in UTC of a time in milliseconds; null stays null. */
export function isoTime(time: number): string;
export function isoTime(time: number | null): string | null;
export function isoTime(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
