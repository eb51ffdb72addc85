/** How long after the `times`-th death in a row a host is started again: at once, then 0.1 s, twice as long each time, up to 10 s. */
export function restartDelayMs(times: number): number {
  return times === 0 ? 0 : Math.min(100 * 2 ** (times - 1), 10_000);
}

/**
 * What a process with a model of `modelBytes` may hold where nothing is declared: the runtime itself, the weights as
 * file, graph and packed copies, and room for large requests.
 */
export function defaultMemoryBytes(modelBytes: number): number {
  return 512 * 1024 * 1024 + 4 * modelBytes;
}
