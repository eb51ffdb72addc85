import { vi } from 'vitest';

/**
 * Waits until the assertion holds, and returns what it gives; as patient as `expect.poll`, and good in hooks too. On a
 * busy machine a state comes late; only one that never comes is a failure.
 */
export const eventually = <T>(assertion: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(assertion, { timeout: 90_000, interval: 20 });
