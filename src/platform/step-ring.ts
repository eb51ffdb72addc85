/** What happened in one step of time. */
export type Step<P> = { time: number; seconds: number; point: P };

export type StepRing<P> = {
  /** Adds what happened in the step that ends at `time`, in milliseconds. */
  push(time: number, point: P): void;
  /** Steps that lie in a range of time, oldest first. */
  range(from: number, to: number): Step<P>[];
  latest(): Step<P> | undefined;
};

export type StepRingOptions<P> = {
  /** Length of a step as it is pushed, and how long steps stay that short. */
  fineSeconds: number;
  fineFor: number;
  /** Older ones are joined into steps of this length and stay until they are so old. */
  coarseSeconds: number;
  coarseFor: number;
  join(points: readonly P[]): P;
  /** Memory that a point takes, in any unit; beyond `most` in all the oldest go. */
  weight?: (point: P) => number;
  most?: number;
};

/** A history of bounded size: fine steps of the last while, coarse ones before. */
export function createStepRing<P>(options: StepRingOptions<P>): StepRing<P> {
  const { fineSeconds, fineFor, coarseSeconds, coarseFor, join, weight = () => 1, most = Infinity } = options;
  let fine: Step<P>[] = [];
  let coarse: Step<P>[] = [];
  let weighs = 0;

  const forget = (steps: readonly Step<P>[]) => {
    for (const { point } of steps) weighs -= weight(point);
  };
  /** Joins all fine steps of whole coarse steps that have grown old. */
  const age = (now: number) => {
    const width = coarseSeconds * 1000;
    const limit = Math.floor((now - fineFor * 1000) / width) * width;
    const end = fine.findIndex(({ time }) => time >= limit);
    const old = end < 0 ? fine : fine.slice(0, end);
    if (old.length === 0) return;
    fine = end < 0 ? [] : fine.slice(end);
    forget(old);
    for (const [at, steps] of Map.groupBy(old, ({ time }) => Math.floor(time / width) * width)) {
      const point = join(steps.map((step) => step.point));
      weighs += weight(point);
      coarse.push({ time: at, seconds: coarseSeconds, point });
    }
    const kept = coarse.findIndex(({ time }) => time >= now - coarseFor * 1000);
    const gone = kept < 0 ? coarse.length : kept;
    forget(coarse.slice(0, gone));
    coarse = coarse.slice(gone);
  };
  return {
    push(time, point) {
      fine.push({ time: time - fineSeconds * 1000, seconds: fineSeconds, point });
      weighs += weight(point);
      age(time);
      while (weighs > most && coarse.length + fine.length > 1) {
        const [oldest] = coarse.length > 0 ? coarse.splice(0, 1) : fine.splice(0, 1);
        forget([oldest]);
      }
    },
    range: (from, to) =>
      [...coarse, ...fine].filter(({ time, seconds }) => time + seconds * 1000 > from && time < to),
    latest: () => fine.at(-1) ?? coarse.at(-1),
  };
}
