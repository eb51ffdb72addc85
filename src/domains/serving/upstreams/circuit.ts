/** Whether a remote server is asked at all: after failures in a row it is left alone for a while, then tried again. */
export type Circuit = {
  /** False while the server is left alone. One caller at a time is let through to try it again. */
  mayCall(): boolean;
  succeeded(): void;
  failed(reason: string): void;
  /** Milliseconds until the next try; 0 when calls go through. */
  waitMs(): number;
};

export type CircuitChange = { isOpen: boolean; reason: string };

const mostFailures = 5;
const firstRestMs = 1000;
const longestRestMs = 60_000;

/**
 * A circuit that opens after five failures in a row, rests for a second, and twice as long after each try that fails,
 * up to a minute. `onChange` hears when it opens and when it closes.
 * Source: M. Nygard, Release It!, 2nd ed. 2018, ch. 5.
 */
export function createCircuit(now: () => number, onChange: (change: CircuitChange) => void): Circuit {
  let failures = 0;
  let restMs = 0;
  let closesAt = 0;
  let isTrying = false;
  return {
    mayCall() {
      if (restMs === 0) return true;
      if (isTrying || now() < closesAt) return false;
      isTrying = true;
      return true;
    },
    succeeded() {
      const wasOpen = restMs > 0;
      failures = 0;
      restMs = 0;
      isTrying = false;
      if (wasOpen) onChange({ isOpen: false, reason: 'The server answers again.' });
    },
    failed(reason) {
      failures++;
      const isFirst = restMs === 0;
      // Calls that were under way when it opened say nothing new.
      if ((isFirst && failures < mostFailures) || (!isFirst && !isTrying)) return;
      isTrying = false;
      restMs = isFirst ? firstRestMs : Math.min(restMs * 2, longestRestMs);
      closesAt = now() + restMs;
      if (isFirst) onChange({ isOpen: true, reason });
    },
    waitMs: () => (restMs === 0 ? 0 : Math.max(closesAt - now(), 1)),
  };
}
