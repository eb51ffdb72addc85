import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pythonOf } from '../python.ts';
import { logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

let server: ServingServer;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'houston-clients-'));
  server = await startServing();
  await server.registry.add(server.platform, 'm', logisticModel({ weights: [1, 2] }));
  expect((await server.call('POST', '/api/serving/deployments/m/deploy', {})).status).toBe(200);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const kserve = pythonOf('kserve');
test.skipIf(!kserve.has('kserve'))('the unmodified KServe SDK does its work over HTTP and gRPC', async () => {
  const program = new URL('./kserve_client.py', import.meta.url).pathname;
  expect((await kserve.run(program, server.url, server.grpc)).trim()).toBe('fine');
});

const mlserver = pythonOf('mlserver');
test.skipIf(!mlserver.has('mlserver'))(
  'the unmodified command line of MLServer sends its batches',
  async () => {
    const lines = Array.from({ length: 50 }, (_, i) => ({
      id: `line-${i}`,
      inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 2], data: [i / 10, -1] }],
    }));
    const [asked, answered] = [join(folder, 'asked.txt'), join(folder, 'answered.txt')];
    writeFileSync(asked, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const command = join(dirname(mlserver.path), 'mlserver');
    for (const flags of [[], ['--binary-data'], ['--batch-size', '10', '--workers', '3']]) {
      const where = ['-u', new URL(server.url).host, '-m', 'm', '-i', asked, '-o', answered];
      await promisify(execFile)(command, ['infer', ...where, ...flags]);
      const replies = readFileSync(answered, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(replies).toHaveLength(50);
      for (const { id, outputs } of replies) {
        const i = Number(String(id).replace('line-', ''));
        expect(outputs[0].data[0]).toBeCloseTo(1 / (1 + Math.exp(-(i / 10 - 2))), 5);
      }
    }
  },
);
