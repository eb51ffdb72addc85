import { afterEach, expect, test } from 'vitest';
import type { SegmentLog } from '../../src/domains/serving/recorder/segment-log.ts';
import { createTurnCommit } from '../../src/domains/serving/recorder/turn-commit.ts';
import { listEvents } from '../../src/platform/ledger/index.ts';
import { eventually } from '../eventually.ts';
import { nanModel } from './faulty-models.ts';
import { failingModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

let server: ServingServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** What the event of the type says of the deployment, once there is one. */
const told = (of: ServingServer, type: string, deployment = 'm') =>
  eventually(async () => {
    const events = await listEvents(of.scope, { types: [type] });
    const found = events.filter(({ data }) => data.deployment === deployment);
    expect(found).toHaveLength(1);
    return found[0].data;
  });

async function start(name: string, bytes: Uint8Array): Promise<ServingServer> {
  server = await startServing({ logLevel: 'error' });
  await server.registry.add(server.platform, name, bytes);
  await server.call('POST', `/api/serving/deployments/${name}/deploy`, {});
  return server;
}

test('scores that are no numbers are told once, and that they are numbers again', async () => {
  const on = await start('m', nanModel());
  for (let i = 0; i < 30; i++) await on.infer('m', [[-1]]);
  expect(await told(on, 'serving.outputs.invalid')).toMatchObject({ deployment: 'm', bad: 30, of: 30 });
  for (let i = 0; i < 40; i++) await on.infer('m', new Array(50).fill([2]));
  expect(await told(on, 'serving.outputs.valid')).toMatchObject({ deployment: 'm' });
});

test('requests that fail are told; a few are not, and a deployment that goes takes its trouble along', async () => {
  const on = await start('m', failingModel(1));
  await on.call('POST', '/api/serving/deployments/other/deploy', { model: 'm' });
  for (let i = 0; i < 19; i++) await on.infer('m', [[3]]);
  // When what came later at another deployment is told, this one has been looked at as often.
  for (let i = 0; i < 29; i++) await on.infer('other', [[3]]);
  await told(on, 'serving.errors.raised', 'other');
  expect(await listEvents(on.scope, { types: ['serving.errors.raised'] })).toHaveLength(1);
  for (let i = 0; i < 10; i++) await on.infer('m', [[3]]);
  expect(await told(on, 'serving.errors.raised')).toMatchObject({ deployment: 'm', bad: 29 });
  await on.call('DELETE', '/api/serving/deployments/m');
  expect(await told(on, 'serving.errors.settled')).toMatchObject({ reason: 'It does not serve any more.' });
});

test('a log whose disk refused lines is heard of again with its first line that is written', async () => {
  let isFull = true;
  const log = { directory: '/logs/m/predictions', flush: () => !isFull } as unknown as SegmentLog;
  const heard: string[] = [];
  const turn = createTurnCommit(
    () => heard.push('dropped'),
    () => heard.push('written'),
  );
  expect(await turn.commit(log)).toBe(false);
  expect(await turn.commit(log)).toBe(false);
  isFull = false;
  expect(await turn.commit(log)).toBe(true);
  expect(await turn.commit(log)).toBe(true);
  expect(heard).toEqual(['dropped', 'dropped', 'written']);
});
