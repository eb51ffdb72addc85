/** Child of the recorder's crash test: records as fast as it can, tells what was acknowledged, seals often. */
import { openPredictionLog } from '../../src/domains/serving/recorder/prediction-log.ts';
import { createTurnCommit } from '../../src/domains/serving/recorder/turn-commit.ts';
import { createTables } from '../../src/platform/tables/index.ts';

const [folder, round] = process.argv.slice(2);
const tables = await createTables({ threads: 1 });
const log = openPredictionLog(folder, 'd', { tables, turn: createTurnCommit(() => {}) });
let next = 0;
setInterval(() => void log.seal(Date.now(), { bytes: 20_000, ageMs: 1e9, graceMs: 10 }), 25);

for (;;) {
  const ids = Array.from({ length: 1 + (next % 7) }, () => `${round}-${next++}`);
  const written = await Promise.all(
    ids.map((id) =>
      log.record({
        id,
        isCallersId: true,
        time: Date.now(),
        revision: 'rev_1',
        arm: 'champion',
        rollout: null,
        rows: 1,
        latencyMs: 1,
        computeMs: 1,
        eventTimes: [next],
        inputs: null,
        features: Float32Array.of(next, 1),
        width: 2,
        scores: [0.5],
        error: null,
      }),
    ),
  );
  if (written.every(Boolean)) process.send?.(ids);
}
