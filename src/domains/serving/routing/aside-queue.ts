/**
 * Work off the reply's path, one piece at a time. When it falls behind, new pieces are dropped and counted: the
 * evidence grows slower, the callers never wait.
 */
export type AsideQueue = {
  push(work: () => Promise<void>): void;
  dropped(): number;
  /** Resolves when nothing waits. */
  idle(): Promise<void>;
};

/** Creates a queue that holds at most `capacity` pieces; `onError` hears of work that threw. */
export function createAsideQueue(capacity: number, onError: (error: unknown) => void): AsideQueue {
  const waiting: (() => Promise<void>)[] = [];
  let idle: (() => void)[] = [];
  let running = false;
  let dropped = 0;

  const drain = async () => {
    for (let work = waiting.shift(); work; work = waiting.shift()) await work().catch(onError);
    running = false;
    for (const resolve of idle) resolve();
    idle = [];
  };
  return {
    push(work) {
      if (waiting.length >= capacity) {
        dropped++;
        return;
      }
      waiting.push(work);
      if (running) return;
      running = true;
      setImmediate(() => void drain());
    },
    dropped: () => dropped,
    idle: () => (running ? new Promise((resolve) => idle.push(resolve)) : Promise.resolve()),
  };
}
