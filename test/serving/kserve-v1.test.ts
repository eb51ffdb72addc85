import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { echoModel, logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

let server: ServingServer;
beforeAll(async () => {
  server = await startServing();
  const deploy = async (name: string, bytes: Uint8Array) => {
    await server.registry.add(server.platform, name, bytes);
    expect((await server.call('POST', `/api/serving/deployments/${name}/deploy`, {})).status).toBe(200);
  };
  await deploy('m', logisticModel({ weights: [1, 2] }));
  await deploy(
    'two',
    echoModel({ x: ['float', ['N', 2, 2]], text: ['string', ['N']] }, { x: 'probability', text: 'text_out' }),
  );
});
afterAll(() => server.close());

const ask = (body: unknown, path = '/v1/models/two:predict') => server.call('POST', path, body);
const x = [
  [
    [1, 2],
    [3, 4],
  ],
  [
    [5, 6],
    [7, 8.25],
  ],
];

describe('TensorFlow Serving and KServe version 1', () => {
  test('rows, columns and base64, each in its own form', async () => {
    const rows = await ask({
      signature_name: 'serving_default',
      instances: [
        { x: x[0], text: 'a' },
        { x: x[1], text: { b64: Buffer.from('ß').toString('base64') } },
      ],
    });
    const predictions = [
      { probability: x[0], text_out: 'a' },
      { probability: x[1], text_out: 'ß' },
    ];
    expect([rows.status, rows.body]).toEqual([200, { predictions }]);
    const columns = await ask({ inputs: { x, text: ['a', 'b'] } });
    expect(columns.body).toEqual({ outputs: { probability: x, text_out: ['a', 'b'] } });
    const [low, high] = [1 / (1 + Math.exp(-5)), 1 / (1 + Math.exp(-11))];
    for (const path of [
      '/v1/models/m:predict',
      '/v1/models/m/versions/1:predict',
      '/v1/models/m/labels/stable:predict',
    ]) {
      const { body } = await ask(
        {
          instances: [
            [1, 2],
            [3, 4],
          ],
        },
        path,
      );
      expect(body.predictions.flat()).toEqual([expect.closeTo(low, 5), expect.closeTo(high, 5)]);
      const { body: outputs } = await ask({ inputs: [[1, 2]] }, path);
      expect(outputs.outputs).toEqual([[expect.closeTo(low, 5)]]);
    }
    const regress = await ask(
      { context: { features: [1, 2] }, examples: [{}, { features: [3, 4] }] },
      '/v1/models/m:regress',
    );
    expect(regress.body.result).toEqual([expect.closeTo(low, 5), expect.closeTo(high, 5)]);
    const classify = await ask({ examples: [{ features: [1, 2] }] }, '/v1/models/m:classify');
    expect(classify.body.result).toEqual([[['0', expect.closeTo(low, 5)]]]);
  });

  test('status and signature', async () => {
    const { call } = server;
    expect((await call('GET', '/v1/models')).body).toEqual({ models: ['m', 'two'] });
    for (const path of ['/v1/models/m', '/v1/models/m/versions/1']) {
      expect((await call('GET', path)).body).toEqual({
        name: 'm',
        ready: true,
        model_version_status: [
          { version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
        ],
      });
    }
    const { body } = await call('GET', '/v1/models/two/metadata');
    const { inputs, outputs } = body.metadata.signature_def.signature_def.serving_default;
    expect(inputs.x.tensor_shape.dim.map((one: { size: string }) => one.size)).toEqual(['-1', '2', '2']);
    expect([inputs.x.dtype, outputs.text_out.dtype]).toEqual(['DT_FLOAT', 'DT_STRING']);
    for (const path of ['/v1/models/nobody', '/v1/models/m/versions/9', '/v1/models/nobody/metadata']) {
      const lost = await call('GET', path);
      expect([lost.status, typeof lost.body.error]).toEqual([404, 'string']);
    }
  });

  test.each([
    ['nothing', {}],
    ['both forms', { instances: [[1, 2]], inputs: [[1, 2]] }],
    ['no rows', { instances: [] }],
    ['no list', { instances: 7 }],
    ['nothing in it', { inputs: null }],
    ['an unnamed tensor for two inputs', { instances: [[1, 2]] }],
    ['rows of two forms', { instances: [{ x: x[0], text: 'a' }, [1]] }],
    ['rows with other inputs', { instances: [{ x: x[0], text: 'a' }, { x: x[0] }] }],
    ['an unknown input', { inputs: { x, text: ['a', 'b'], y: [1, 2] } }],
    ['a missing input', { inputs: { x } }],
    ['a ragged tensor', { inputs: { x: [[[1, 2], [3]]], text: ['a'] } }],
    ['a value among lists', { inputs: { x: [[1, [2]]], text: ['a'] } }],
    ['a list among values', { inputs: { x: [[[1], 2]], text: ['a'] } }],
    ['a wrong shape', { inputs: { x: [[[1, 2, 3]]], text: ['a'] } }],
    ['rows of unequal number', { inputs: { x, text: ['a'] } }],
    [
      'texts for numbers',
      {
        inputs: {
          x: [
            [
              ['1', '2'],
              ['3', '4'],
            ],
          ],
          text: ['a'],
        },
      },
    ],
    ['bad base64', { inputs: { x: [x[0]], text: [{ b64: '*' }] } }],
    ['bytes that are no text', { inputs: { x: [x[0]], text: [{ b64: '/w==' }] } }],
    ['an unknown signature', { signature_name: 'other', inputs: { x, text: ['a', 'b'] } }],
  ])('%s is a clear 400', async (_name, body) => {
    const { status, body: reply } = await ask(body);
    expect([status, reply.error]).toEqual([400, expect.stringMatching(/\.$/)]);
  });

  test('paths that name no model, version, label or verb', async () => {
    const body = { instances: [[1, 2]] };
    for (const [path, status] of [
      ['/v1/models/nobody:predict', 404],
      ['/v1/models/m/versions/9:predict', 404],
      ['/v1/models/m/labels/canary:predict', 404],
      ['/v1/models/m/labels/constructor:predict', 404],
      ['/v1/models/m', 404],
      ['/v1/models/m:explain', 501],
    ] as const) {
      const reply = await ask(body, path);
      expect([path, reply.status, typeof reply.body.error]).toEqual([path, status, 'string']);
    }
  });
});
