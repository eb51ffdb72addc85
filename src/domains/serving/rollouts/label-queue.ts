/**
 * Outcomes of the requests of a rollout, given back in the order of the requests. Outcomes do not arrive in
 * that order (a late flight also reports late), and taking them as they come would judge on the early ones
 * only. A request waits until all its rows have an outcome; it is passed over once `patience` later requests
 * are complete.
 */
export type LabelQueue = {
  /** A request that both arms scored. */
  add(id: string, champion: ArrayLike<number>, challenger: ArrayLike<number>): void;
  /** An outcome of one row; the first one counts, a correction after that does not. */
  label(id: string, row: number, value: number): void;
  /** The requests that are next and complete (or passed over with what they have). */
  take(): LabelledRequest[];
};

export type LabelledRequest = { champion: Float64Array; challenger: Float64Array; labels: Float64Array };

type Waiting = LabelledRequest & { missing: number };

/** Creates an empty queue that holds at most `capacity` requests. */
export function createLabelQueue(patience = 200, capacity = 50_000): LabelQueue {
  const waiting = new Map<string, Waiting>();
  const early = new Map<string, [row: number, value: number][]>();
  let complete = 0;

  const apply = (request: Waiting, row: number, value: number) => {
    if (row >= request.labels.length || !Number.isNaN(request.labels[row]) || Number.isNaN(value)) return;
    request.labels[row] = value;
    request.missing--;
    if (request.missing === 0) complete++;
  };
  const drop = (id: string, request: Waiting) => {
    waiting.delete(id);
    if (request.missing === 0) complete--;
  };

  return {
    add(id, champion, challenger) {
      if (waiting.has(id)) return;
      const rows = champion.length;
      const request = {
        champion: Float64Array.from(champion),
        challenger: Float64Array.from(challenger),
        labels: new Float64Array(rows).fill(Number.NaN),
        missing: rows,
      };
      waiting.set(id, request);
      for (const [row, value] of early.get(id) ?? []) apply(request, row, value);
      early.delete(id);
      if (waiting.size > capacity)
        for (const oldest of waiting) {
          drop(...oldest);
          break;
        }
    },
    label(id, row, value) {
      const request = waiting.get(id);
      if (request) return apply(request, row, value);
      if (early.size < 1000) early.set(id, [...(early.get(id) ?? []), [row, value]]);
    },
    take() {
      const taken: LabelledRequest[] = [];
      for (const [id, request] of waiting) {
        if (request.missing > 0 && complete < patience) break;
        drop(id, request);
        if (request.missing < request.labels.length) taken.push(request);
      }
      return taken;
    },
  };
}

/** Mean loss difference, challenger minus champion, over the rows with an outcome; NaN when there is none. */
export function lossDifference(request: LabelledRequest, loss: (score: number, label: number) => number) {
  let champion = 0;
  let challenger = 0;
  let rows = 0;
  for (let row = 0; row < request.labels.length; row++) {
    const label = request.labels[row];
    const a = loss(request.champion[row], label);
    const b = loss(request.challenger[row], label);
    if (Number.isNaN(a) || Number.isNaN(b)) continue;
    champion += a;
    challenger += b;
    rows++;
  }
  return {
    champion: champion / rows,
    challenger: challenger / rows,
    difference: (challenger - champion) / rows,
  };
}
