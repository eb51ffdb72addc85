/**
 * Tiles of one key: sorted tile numbers with running sums, so that a window of any length is two binary searches.
 * Each tile holds `width` numbers: the count of rows, then count and sum (in units) of each aggregated value.
 * Sums are exact integers, see windows.model.ts, so neither late rows nor pruning can change a result.
 */
export class KeyTiles {
  readonly width: number;
  count = 0;
  private tiles = new Int32Array(4);
  /** Row i: sums of the tiles 0 … i. */
  private running: Float64Array;

  constructor(width: number) {
    this.width = width;
    this.running = new Float64Array(4 * width);
  }

  /** Adds one row's numbers to a tile; a row that comes late moves the running sums behind it. */
  add(tile: number, row: Float64Array): void {
    const { width } = this;
    const position = this.lastBefore(tile + 1);
    if (position < 0 || this.tiles[position] !== tile) this.insert(position + 1, tile);
    const from = position >= 0 && this.tiles[position] === tile ? position : position + 1;
    for (let i = from; i < this.count; i++) {
      for (let w = 0; w < width; w++) this.running[i * width + w] += row[w];
    }
  }

  /**
   * Index of the last tile before `tile`, or -1. Numbers are distinct and mostly without gaps, so the distance from
   * the newest one gives a bound that is mostly the answer: one look at memory instead of a search through it.
   */
  lastBefore(tile: number): number {
    const { tiles } = this;
    const newest = this.count - 1;
    if (newest < 0 || tiles[newest] < tile) return newest;
    // Invariant: what lies at `low` is before `tile`, what lies at `high` is not.
    let low = Math.max(-1, newest - 1 - (tiles[newest] - tile));
    let high = newest;
    for (let step = 1; low + step < high; step *= 2) {
      if (tiles[low + step] >= tile) {
        high = low + step;
        break;
      }
      low += step;
    }
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (tiles[middle] < tile) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Sum of column `w` over the tiles after `lower` up to `upper` (indices as lastBefore gives them). */
  between(lower: number, upper: number, w: number): number {
    const end = upper < 0 ? 0 : this.running[upper * this.width + w];
    return end - (lower < 0 ? 0 : this.running[lower * this.width + w]);
  }

  /** Forgets the tiles before `tile`; returns how many. */
  prune(tile: number): number {
    const last = this.lastBefore(tile);
    if (last < 0) return 0;
    const { width } = this;
    const gone = last + 1;
    const base = this.running.slice(last * width, gone * width);
    this.tiles.copyWithin(0, gone, this.count);
    this.running.copyWithin(0, gone * width, this.count * width);
    this.count -= gone;
    for (let i = 0; i < this.count; i++) {
      for (let w = 0; w < width; w++) this.running[i * width + w] -= base[w];
    }
    if (this.count * 4 < this.tiles.length) this.resize(Math.max(4, this.count * 2));
    return gone;
  }

  private insert(index: number, tile: number): void {
    if (this.count === this.tiles.length) this.resize(this.count * 2);
    const { width } = this;
    this.tiles.copyWithin(index + 1, index, this.count);
    this.running.copyWithin((index + 1) * width, index * width, this.count * width);
    this.tiles[index] = tile;
    for (let w = 0; w < width; w++) {
      this.running[index * width + w] = index === 0 ? 0 : this.running[(index - 1) * width + w];
    }
    this.count++;
  }

  private resize(capacity: number): void {
    const tiles = new Int32Array(capacity);
    tiles.set(this.tiles.subarray(0, this.count));
    const running = new Float64Array(capacity * this.width);
    running.set(this.running.subarray(0, this.count * this.width));
    this.tiles = tiles;
    this.running = running;
  }
}
