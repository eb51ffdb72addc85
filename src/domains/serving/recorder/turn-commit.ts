import type { SegmentLog } from './segment-log.ts';

/**
 * Group commit: whatever is appended to any log during one turn of the event loop is written once, and the
 * promise that `commit` returns settles after the write. True means that every line is in its file.
 */
export type TurnCommit = {
  commit(log: SegmentLog): Promise<boolean>;
  /** Writes what waits, at once. */
  flush(): void;
};

/**
 * Creates a group commit; `onDropped` hears of logs whose disk refused the lines, `onWritten` of such a log when its disk
 * takes lines again.
 */
export function createTurnCommit(
  onDropped: (log: SegmentLog) => void,
  onWritten: (log: SegmentLog) => void = () => {},
): TurnCommit {
  const touched = new Set<SegmentLog>();
  const refusing = new Set<SegmentLog>();
  let waiting: Promise<boolean> | undefined;
  let settle: (written: boolean) => void = () => {};

  const flush = () => {
    const resolve = settle;
    let written = true;
    for (const log of touched) {
      if (log.flush()) {
        if (refusing.size > 0 && refusing.delete(log)) onWritten(log);
        continue;
      }
      written = false;
      refusing.add(log);
      onDropped(log);
    }
    touched.clear();
    waiting = undefined;
    resolve(written);
  };
  return {
    flush,
    commit(log) {
      touched.add(log);
      if (waiting) return waiting;
      waiting = new Promise((resolve) => {
        settle = resolve;
      });
      setImmediate(flush);
      return waiting;
    },
  };
}
