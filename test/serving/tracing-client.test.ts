import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startTestHouston } from '../houston.ts';
import { pythonOf } from '../python.ts';
import { failingModel, logisticModel } from './models.ts';

const { path: python, has } = pythonOf('main');
const hasSdk = has('opentelemetry.sdk.trace', 'opentelemetry.proto.collector.trace.v1.trace_service_pb2');

/** A port that nobody listens on, for a collector that starts later. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(!hasSdk)("OpenTelemetry's own client and messages", () => {
  it('find the trace that they began, continued', async () => {
    const port = await freePort();
    const houston = await startTestHouston({ otlpEndpoint: `http://127.0.0.1:${port}`, traceSample: 0 });
    try {
      for (const [name, bytes] of [
        ['m', logisticModel({ weights: [1, -1] })],
        ['shaky', failingModel(2)],
      ] as const) {
        await fetch(`${houston.url}/api/registry/models/${name}/versions`, {
          method: 'POST',
          headers: { 'content-type': 'application/octet-stream' },
          body: Buffer.from(bytes),
        });
        await houston.client.put(`/api/serving/deployments/${name}`, { model: name });
        await houston.client.post(`/api/serving/deployments/${name}/deploy`, { model: name });
      }
      const { stdout } = await promisify(execFile)(python, [join(import.meta.dirname, 'tracing.py')], {
        env: {
          ...process.env,
          HOUSTON_URL: houston.url,
          COLLECTOR_PORT: String(port),
          NO_PROXY: '127.0.0.1',
        },
      });
      expect(stdout).toContain('tracing: done');
    } finally {
      await houston.end();
    }
  });
});
