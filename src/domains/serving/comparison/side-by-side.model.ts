import type { SideBySide } from './side-by-side.contract.ts';

export type ScoredRow = {
  id: string;
  a: number;
  b: number;
  label: number | null;
  /** Texts by which rows are grouped. */
  texts: Readonly<Record<string, string>>;
};

const mostPoints = 2000;
const mostLargest = 50;
const bins = 24;
const fewestInSlice = 20;
const mostSlices = 40;
/** Columns with more values than this are names and not groups. */
const mostValues = 1000;

type Figures = Omit<SideBySide, 'a' | 'b' | 'of' | 'skipped'>;

/** What two versions make of the same rows; at least one row. */
export function sideBySide(rows: readonly ScoredRow[], threshold: number): Figures {
  const n = rows.length;
  let [sumA, sumB, sumAA, sumBB, sumAB, absolute] = [0, 0, 0, 0, 0, 0];
  let [same, onlyA, onlyB, widest] = [0, 0, 0, 0];
  for (const { a, b } of rows) {
    sumA += a;
    sumB += b;
    sumAA += a * a;
    sumBB += b * b;
    sumAB += a * b;
    absolute += Math.abs(b - a);
    widest = Math.max(widest, Math.abs(b - a));
    const [yesA, yesB] = [a >= threshold, b >= threshold];
    if (yesA === yesB) same++;
    else if (yesA) onlyA++;
    else onlyB++;
  }
  const spread = Math.sqrt((sumAA - (sumA * sumA) / n) * (sumBB - (sumB * sumB) / n));
  const half = widest || 1;
  const edges = Array.from({ length: bins + 1 }, (_, i) => -half + (2 * half * i) / bins);
  const counts = new Array<number>(bins).fill(0);
  for (const { a, b } of rows)
    counts[Math.min(bins - 1, Math.max(0, Math.floor(((b - a + half) / (2 * half)) * bins)))]++;
  const bare = ({ id, a, b, label }: ScoredRow) => ({ id, a, b, label });
  const byDifference = [...rows].sort((x, y) => Math.abs(y.b - y.a) - Math.abs(x.b - x.a));
  const step = Math.max(1, n / mostPoints);
  return {
    rows: n,
    threshold,
    agreement: same / n,
    onlyA,
    onlyB,
    correlation: spread > 0 ? Math.max(-1, Math.min(1, (sumAB - (sumA * sumB) / n) / spread)) : null,
    meanDifference: (sumB - sumA) / n,
    meanAbsolute: absolute / n,
    edges,
    counts,
    points: Array.from({ length: Math.min(n, mostPoints) }, (_, i) => bare(rows[Math.floor(i * step)])),
    largest: byDifference.slice(0, mostLargest).map(bare),
    slices: slicesOf(rows, threshold),
  };
}

type Sums = { n: number; sum: number; squares: number; same: number };

/** Groups by each text column with few values; those that differ most for their size first. */
function slicesOf(rows: readonly ScoredRow[], threshold: number): Figures['slices'] {
  const columns = new Map<string, Map<string, Sums>>();
  for (const { a, b, texts } of rows) {
    for (const [column, value] of Object.entries(texts)) {
      const groups = columns.get(column) ?? new Map<string, Sums>();
      columns.set(column, groups);
      if (groups.size > mostValues) continue;
      const sums = groups.get(value) ?? { n: 0, sum: 0, squares: 0, same: 0 };
      sums.n++;
      sums.sum += b - a;
      sums.squares += (b - a) ** 2;
      if (a >= threshold === b >= threshold) sums.same++;
      groups.set(value, sums);
    }
  }
  const slices = [...columns].flatMap(([column, groups]) =>
    groups.size > mostValues
      ? []
      : [...groups].flatMap(([value, { n, sum, squares, same }]) => {
          if (n < fewestInSlice) return [];
          const mean = sum / n;
          const variance = Math.max(0, squares / n - mean * mean) * (n / (n - 1));
          const standardError = Math.sqrt(variance / n);
          return [{ column, value, rows: n, meanDifference: mean, standardError, agreement: same / n }];
        }),
  );
  const size = ({ meanDifference }: (typeof slices)[number]) => Math.abs(meanDifference);
  return slices.sort((x, y) => size(y) - size(x)).slice(0, mostSlices);
}
