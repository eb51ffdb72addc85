import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ValueType } from '../../src/platform/onnx/onnx-writer.ts';
import { pythonOf } from '../python.ts';
import { echoModel, logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

const types: Record<string, ValueType> = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float',
  FP64: 'double',
  BYTES: 'string',
};

let server: ServingServer;
beforeAll(async () => {
  server = await startServing();
  const deploy = async (name: string, bytes: Uint8Array) => {
    await server.registry.add(server.platform, name, bytes);
    const reply = await server.call('POST', `/api/serving/deployments/${name}/deploy`, {});
    expect([name, reply.status, reply.body.error]).toEqual([name, 200, undefined]);
  };
  await deploy('m', logisticModel({ weights: [1, 2] }));
  await deploy('slow', logisticModel({ weights: [1, 2], burn: 40 }));
  for (const [datatype, type] of Object.entries(types)) {
    await deploy(`echo_${datatype}`, echoModel({ x: [type, ['N', 3]] }, { x: 'y' }));
  }
});
afterAll(() => server.close());

const python = pythonOf('mlserver');
const program = new URL('./triton_client.py', import.meta.url).pathname;

test.skipIf(!python.has('tritonclient.http', 'tritonclient.grpc'))(
  'the unmodified Triton client does its work over HTTP and gRPC',
  async () => {
    for (const [protocol, url] of [
      ['http', server.url.replace('http://', '')],
      ['grpc', server.grpc],
    ]) {
      expect((await python.run(program, protocol, url)).trim()).toBe('fine');
    }
  },
);
