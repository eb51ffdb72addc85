import { deflateSync, gzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPostgresDatabase, describeOnEachDatabase } from '../databases.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';

const traceOf = (number: number) => number.toString(16).padStart(32, 'a');
const spanOf = (number: number) => number.toString(16).padStart(16, 'b');
const start = 1_700_000_000_123_456_789n;

type Span = Record<string, unknown>;
const span = (number: number, more: Span = {}): Span => ({
  traceId: traceOf(number),
  spanId: spanOf(number),
  name: `span ${number}`,
  startTimeUnixNano: String(start),
  endTimeUnixNano: String(start + 2_000_000n),
  ...more,
});
const exported = (...spans: unknown[]) => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const text = (value: string) => ({ stringValue: value });

/** Writes the few fields of a request by their numbers, apart from the server's own reader. */
function binary(...spans: { traceId: string; spanId: string; name: string }[]): Buffer {
  const inner = protobuf.Writer.create();
  for (const { traceId, spanId, name } of spans) {
    inner
      .uint32(18)
      .fork()
      .uint32(10)
      .bytes(Buffer.from(traceId, 'hex'))
      .uint32(18)
      .bytes(Buffer.from(spanId, 'hex'));
    inner
      .uint32(42)
      .string(name)
      .uint32(57)
      .fixed64(1_000_000_000)
      .uint32(65)
      .fixed64(2_000_000_000)
      .ldelim();
  }
  const scope = inner.finish();
  const whole = protobuf.Writer.create();
  whole.uint32(10).fork().uint32(18).bytes(scope).ldelim();
  return Buffer.from(whole.finish());
}

describeOnEachDatabase('the wire of OTLP', (_open, dialect) => {
  let houston: TestHouston;
  let database: Awaited<ReturnType<typeof createPostgresDatabase>> | undefined;
  beforeAll(async () => {
    if (dialect === 'postgres') database = await createPostgresDatabase();
    houston = await startTestHouston(database && { database: database.url });
  });
  afterAll(async () => {
    await houston.end();
    await database?.drop();
  });

  async function post(body: Uint8Array | string, headers: Record<string, string> = {}) {
    const reply = await fetch(`${houston.url}/v1/traces`, {
      method: 'POST',
      body: typeof body === 'string' ? body : new Uint8Array(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
    const bytes = Buffer.from(await reply.arrayBuffer());
    return { status: reply.status, type: reply.headers.get('content-type'), bytes, text: bytes.toString() };
  }
  const send = (...spans: unknown[]) => post(JSON.stringify(exported(...spans)));
  const read = async (path: string) => {
    const reply = await fetch(`${houston.url}${path}`);
    return { status: reply.status, json: (await reply.json()) as Record<string, never> };
  };
  const content = (number: number) =>
    read(`/api/experiments/traces/tr-${traceOf(number)}/spans/${spanOf(number)}`);

  it('keeps spans of JSON and of protobuf, plain and packed, and answers alike', async () => {
    expect(await send(span(1))).toMatchObject({ status: 200, type: 'application/json', text: '{}' });
    const packed = [gzipSync, deflateSync].map((pack, i) => pack(JSON.stringify(exported(span(2 + i)))));
    expect((await post(packed[0]!, { 'content-encoding': 'gzip' })).status).toBe(200);
    expect((await post(packed[1]!, { 'content-encoding': 'deflate' })).status).toBe(200);
    const bytes = binary({ traceId: traceOf(4), spanId: spanOf(4), name: 'span 4' });
    const type = { 'content-type': 'application/x-protobuf' };
    expect(await post(bytes, type)).toMatchObject({ status: 200, type: type['content-type'], text: '' });
    for (const number of [1, 2, 3, 4])
      expect((await content(number)).json).toMatchObject({ name: `span ${number}` });
    expect((await content(1)).json).toMatchObject({
      startNs: String(start),
      endNs: String(start + 2_000_000n),
    });
  });

  it('takes an export of nothing as kept', async () => {
    for (const body of ['{}', '{"resourceSpans":[]}', '']) expect((await post(body)).status).toBe(200);
    expect((await post(Buffer.alloc(0), { 'content-type': 'application/x-protobuf' })).status).toBe(200);
  });

  it('keeps a span that comes again once, in its later form', async () => {
    const attributes = [{ key: 'k', value: text('later') }];
    await send(span(10), span(10));
    await send(span(10, { attributes }), span(10, { attributes }));
    const { json } = await read(`/api/experiments/traces/tr-${traceOf(10)}`);
    expect(json).toMatchObject({ spans: 1, columns: { id: [spanOf(10)] } });
    expect((await content(10)).json).toMatchObject({ attributes: { k: 'later' } });
  });

  it.each<[string, Span]>([
    ['no trace id', { traceId: '' }],
    ['a trace id of zeros', { traceId: '0'.repeat(32) }],
    ['a short trace id', { traceId: 'abcd' }],
    ['a trace id that is not hex', { traceId: 'x'.repeat(32) }],
    ['a span id of 16 bytes', { spanId: 'a'.repeat(32) }],
    ['a parent of 3 bytes', { parentSpanId: 'abcdef' }],
    ['a start before 1970', { startTimeUnixNano: '-5' }],
    ['a start beyond the end of time', { startTimeUnixNano: '18446744073709551615' }],
    ['a start that is a word', { startTimeUnixNano: 'now' }],
    ['attributes that are no list', { attributes: { a: 1 } }],
    ['an attribute that is a word', { attributes: ['a'] }],
    ['an integer that is none', { attributes: [{ key: 'a', value: { intValue: '1.5' } }] }],
    ['a link to nowhere', { links: [{ traceId: 'ab', spanId: 'cd' }] }],
  ])('rejects a span with %s and keeps its neighbour', async (_name, more) => {
    const alone = await send(span(20, more));
    expect(alone.status).toBe(422);
    expect(JSON.parse(alone.text)).toMatchObject({
      code: 3,
      message: expect.stringContaining('No span was kept'),
    });
    const { status, text: body } = await send(span(20, more), span(21));
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
    expect((await content(21)).status).toBe(200);
  });

  it('tells rejections in protobuf to those who speak it', async () => {
    const good = { traceId: traceOf(30), spanId: spanOf(30), name: 'good' };
    const bytes = binary(good, { ...good, spanId: '' });
    const reply = await post(bytes, { 'content-type': 'application/x-protobuf' });
    const reader = protobuf.Reader.create(reply.bytes);
    expect([reply.status, reader.uint32(), reader.uint32() > 0]).toEqual([200, 10, true]);
    expect([reader.uint32(), Number(reader.int64()), reader.uint32()]).toEqual([8, 1, 18]);
    expect(reader.string()).toContain('span_id');
  });

  it.each<[string, Uint8Array | string, Record<string, string>, number]>([
    ['no JSON', '{', {}, 400],
    ['a list', '[]', {}, 400],
    ['a number', '5', {}, 400],
    ['a list for a message', '{"resourceSpans":5}', {}, 400],
    ['no protobuf', Buffer.from('hello, world'), { 'content-type': 'application/x-protobuf' }, 400],
    [
      'a length beyond the end',
      Buffer.from([10, 255, 255, 255, 127]),
      { 'content-type': 'application/x-protobuf' },
      400,
    ],
    ['no gzip', 'hello', { 'content-encoding': 'gzip' }, 400],
    ['half a gzip', gzipSync('{}').subarray(0, 12), { 'content-encoding': 'gzip' }, 400],
    ['an unknown packing', '{}', { 'content-encoding': 'br' }, 415],
    ['an unknown type', '{}', { 'content-type': 'text/plain' }, 415],
    ['17 MB as sent', 'x'.repeat(17 * 1024 * 1024), {}, 413],
    [
      'an experiment that is a word',
      JSON.stringify(exported(span(40))),
      { 'x-mlflow-experiment-id': 'abc' },
      400,
    ],
    [
      'an experiment that is not there',
      JSON.stringify(exported(span(40))),
      { 'x-mlflow-experiment-id': '4711' },
      404,
    ],
    [
      'a run that is not there',
      JSON.stringify(exported(span(40))),
      { 'x-mlflow-run-id': 'f'.repeat(32) },
      404,
    ],
  ])('refuses %s', async (_name, body, headers, status) => {
    const reply = await post(body, headers);
    expect(reply.status).toBe(status);
    const isBinary = headers['content-type'] === 'application/x-protobuf';
    expect(reply.type).toBe(isBinary ? 'application/x-protobuf' : 'application/json');
    if (!isBinary) expect(JSON.parse(reply.text).message.length).toBeGreaterThan(10);
    expect((await content(40)).status).toBe(404);
  });

  it('refuses a bomb without unpacking all of it', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(1024 * 1024);
    const before = process.memoryUsage().rss;
    expect((await post(bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  });

  it('rejects values nested without end, in either form', async () => {
    let value: unknown = text('deep');
    for (let i = 0; i < 500; i++) value = { arrayValue: { values: [value] } };
    expect((await send(span(50, { attributes: [{ key: 'a', value }] }))).status).toBe(422);
    let bytes = Buffer.from([10, 1, 65]);
    for (let i = 0; i < 1000; i++) {
      const list = protobuf.Writer.create().uint32(10).bytes(bytes).finish();
      bytes = Buffer.from(protobuf.Writer.create().uint32(42).bytes(list).finish());
    }
    const pair = protobuf.Writer.create().uint32(10).string('a').uint32(18).bytes(bytes).finish();
    const whole = protobuf.Writer.create();
    whole
      .uint32(10)
      .fork()
      .uint32(18)
      .fork()
      .uint32(18)
      .fork()
      .uint32(74)
      .bytes(pair)
      .ldelim()
      .ldelim()
      .ldelim();
    const reply = await post(whole.finish(), { 'content-type': 'application/x-protobuf' });
    expect(reply.status).toBe(400);
  });

  it('keeps texts and numbers that databases and JSON stumble over', async () => {
    const attributes = [
      { key: 'nul', value: text('a\u0000b') },
      { key: 'half', value: text('a\ud83d') },
      { key: '__proto__', value: text('no') },
      { key: 'big', value: { intValue: '9223372036854775807' } },
      { key: 'nan', value: { doubleValue: 'NaN' } },
      { key: 'one', value: { doubleValue: 1 } },
      { key: 'bytes', value: { bytesValue: 'AAEC' } },
      { key: 'nothing', value: {} },
      { key: 'map', value: { kvlistValue: { values: [{ key: 'x', value: { boolValue: true } }] } } },
    ];
    expect(
      (await send(span(60, { attributes, name: 'nul\u0000 and \ud83d', kind: 99, unknown: 1 }))).status,
    ).toBe(200);
    const { json } = await content(60);
    expect(json).toMatchObject({
      name: 'nul and \ufffd',
      attributes: {
        nul: 'ab',
        half: 'a\ufffd',
        nan: 'NaN',
        one: 1,
        bytes: 'AAEC',
        nothing: null,
        map: { x: true },
      },
    });
    expect(Object.keys(json.attributes)).not.toContain('__proto__');
    const body = JSON.stringify({ trace_id: `tr-${traceOf(60)}`, allow_partial: true });
    const whole = await fetch(
      `${houston.url}/api/3.0/mlflow/traces/get?${new URLSearchParams(JSON.parse(body))}`,
    );
    const wire = await whole.text();
    expect(wire).toContain('{"key":"big","value":{"int_value":"9223372036854775807"}}');
    expect(wire).toContain('{"key":"one","value":{"double_value":1}}');
  });

  it('keeps a span of 8 MB and finds what stands at its end', async () => {
    const long = `${'lorem ipsum '.repeat(700_000)}needle`;
    expect((await send(span(70, { attributes: [{ key: 'long', value: text(long) }] }))).status).toBe(200);
    expect((await content(70)).json).toMatchObject({ attributes: { long } });
    const filter = encodeURIComponent("trace.text LIKE '%needle%'");
    const { json } = await read(`/api/experiments/Default/traces?filter=${filter}`);
    expect(json.items).toMatchObject([{ id: `tr-${traceOf(70)}` }]);
  });

  it('lays out spans whose parents stand in a circle or nowhere', async () => {
    const circle = [0, 1, 2].map((i) =>
      span(80, { spanId: spanOf(80 + i), parentSpanId: spanOf(80 + ((i + 1) % 3)), name: `c${i}` }),
    );
    await send(...circle, span(80, { spanId: spanOf(90), parentSpanId: spanOf(99), name: 'orphan' }));
    const { json } = await read(`/api/experiments/traces/tr-${traceOf(80)}`);
    expect(json).toMatchObject({ state: 'IN_PROGRESS', spans: 4, name: null });
    expect(new Set((json.columns as { id: string[] }).id).size).toBe(4);
  });

  it('takes the same batch from many exporters at once, and keeps each span once', async () => {
    const spans = Array.from({ length: 60 }, (_, i) =>
      span(100 + (i % 3), {
        spanId: spanOf(1000 + i),
        ...(i > 2 && { parentSpanId: spanOf(1000 + (i % 3)) }),
        attributes: [{ key: 'gen_ai.usage.input_tokens', value: { intValue: i > 2 ? 1 : 0 } }].slice(
          i > 2 ? 0 : 1,
        ),
      }),
    );
    const replies = await Promise.all(
      Array.from({ length: 24 }, (_, i) =>
        send(...(i % 2 ? spans : [...spans].reverse()).slice(i % 5 ? 0 : 30)),
      ),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array(24).fill(200));
    for (const number of [100, 101, 102]) {
      const { json } = await read(`/api/experiments/traces/tr-${traceOf(number)}`);
      expect(json).toMatchObject({ spans: 20, state: 'OK', usage: { inputTokens: 19 } });
    }
  });
});
