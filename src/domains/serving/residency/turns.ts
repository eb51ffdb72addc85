/** Runs at most `places` pieces of work at once; the others wait in order. */
export type Turns = { run<T>(work: () => Promise<T>): Promise<T> };

/** Creates turns with so many places. */
export function createTurns(places: number): Turns {
  const waiting: (() => void)[] = [];
  let free = places;
  return {
    async run(work) {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free++;
      }
    },
  };
}
