/**
 * What recording and metering cost: the same server with one-row JSON requests, once as it is (each answer's record in
 * the log file before the reply, its latency counted, segments sealed in the background), once with both cut out. Both
 * alone on core 0 by turns. See README.md.
 *
 *   node bench/serving/recording.ts [--seconds 8] [--rounds 5] [--connections 32]
 */
import { parseArgs } from 'node:util';
import { startHoustonProcess } from './houston.ts';
import type { LoadOrder } from './load.ts';
import { boosting, randomRow } from './models.ts';
import { type Measure, measure, median, show, showLoad, startScript, summarise } from './processes.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '32' },
  },
});
const seconds = Number(values.seconds);
const width = 30;
const warmRequests = 40_000;

const model = boosting(width, 100);
const load = startScript(1, './load.ts');
const sides = {
  on: await startHoustonProcess(0),
  off: await startHoustonProcess(0, { before: './without-recording.ts' }),
};
const bodies = Array.from({ length: 1024 }, () =>
  JSON.stringify({
    inputs: [{ name: 'features', datatype: 'FP32', shape: [1, width], data: [...randomRow(width)] }],
  }),
);
const kinds = ['off', 'on'] as const;
const ask = (kind: (typeof kinds)[number], more: Partial<LoadOrder> = {}) => {
  const { url, pid } = sides[kind];
  const target = `${url}/v2/models/m/infer`;
  const order = { url: target, bodies, connections: Number(values.connections), seconds, rate: null };
  return measure(load, pid, { ...order, ...more });
};

showLoad();
const results: Record<(typeof kinds)[number], Measure[]> = { on: [], off: [] };
for (const kind of kinds) {
  await sides[kind].deploy('m', model);
  await ask(kind, { most: warmRequests, seconds: 8 });
}
for (let round = 0; round < Number(values.rounds); round++) {
  for (const kind of kinds) {
    const one = await ask(kind);
    results[kind].push(one);
    show(kind, one);
  }
}
showLoad();
const of = (kind: (typeof kinds)[number], figure: 'perSecond' | 'serverMicros') =>
  median(results[kind].map((one) => one[figure]));
const slower = of('off', 'perSecond') / of('on', 'perSecond') - 1;
const dearer = of('on', 'serverMicros') / of('off', 'serverMicros') - 1;
console.log(JSON.stringify({ slower, dearerByCpu: dearer }));
summarise([
  { what: 'slower by rate', value: slower, target: 0.15, least: false },
  { what: 'by CPU per request', value: dearer, target: 0.15, least: false },
]);
for (const { stop } of Object.values(sides)) stop();
load.disconnect();
