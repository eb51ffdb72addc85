import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { clientVersion, runProgram } from './python-client.ts';
import { type Reply, send } from './send.ts';

const api = '/api/2.0/mlflow-artifacts';

describe('uploads in parts', () => {
  let houston: TestHouston;
  beforeEach(async () => {
    houston = await startTestHouston();
  });
  afterEach(() => houston.end());

  const post = (action: string, path: string, body: object) =>
    send(houston.url, 'POST', `${api}/mpu/${action}/${path}`, JSON.stringify(body));
  const uploads = () => readdirSync(join(houston.dataDir, 'uploads'));
  const begin = async (parts: number, file = 'f.bin', folder = 'a') => {
    const reply = await post('create', folder, { path: `/home/me/${file}`, num_parts: parts });
    const { upload_id, credentials } = reply.json as {
      upload_id: string;
      credentials: { url: string; part_number: number; headers: object }[];
    };
    return { reply, id: upload_id, credentials };
  };
  const put = async (url: string, body: string) => {
    const reply = await fetch(url, { method: 'PUT', body });
    return { status: reply.status, etag: reply.headers.get('etag') ?? '' };
  };
  const partsOf = (etags: readonly string[]) => etags.map((etag, i) => ({ part_number: i + 1, etag }));
  const read = (path: string) => send(houston.url, 'GET', `${api}/artifacts/${path}`);

  it.skipIf(clientVersion === null)(
    'work with the unmodified client',
    async () => {
      const printed = await runProgram('uploads_in_parts.py', houston.url, {
        MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'true',
        MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: String(5 << 20),
        MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE: String(5 << 20),
      });
      expect(printed).toContain('uploads_in_parts: done');
      expect(readdirSync(join(houston.dataDir, 'blobs', 'staging'))).toEqual([]);
    },
    120_000,
  );

  it('join parts that came in any order and more than once', async () => {
    const { id, credentials } = await begin(3);
    expect(credentials.map(({ part_number }) => part_number)).toEqual([1, 2, 3]);
    const third = await put(credentials[2].url, 'three');
    await put(credentials[0].url, 'wrong');
    const [first, second] = [await put(credentials[0].url, 'one'), await put(credentials[1].url, 'two')];
    const body = { path: 'f.bin', upload_id: id, parts: partsOf([first.etag, second.etag, third.etag]) };
    const twice: Reply[] = await Promise.all([post('complete', 'a', body), post('complete', 'a', body)]);
    expect(twice.map(({ status }) => status)).toEqual([200, 200]);
    expect((await read('a/f.bin')).body).toBe('onetwothree');
    expect((await post('complete', 'a', body)).status).toBe(200);
  });

  it('outlive a restart of the server', async () => {
    const { id, credentials } = await begin(2);
    const first = await put(credentials[0].url, 'kept ');
    const { dataDir } = houston;
    await houston.close();
    houston = { ...(await startTestHouston({ dataDir })), dataDir };
    const path = new URL(credentials[1].url);
    const second = await put(houston.url + path.pathname + path.search, 'whole');
    const parts = partsOf([first.etag, second.etag]);
    expect((await post('complete', 'a', { path: 'f.bin', upload_id: id, parts })).status).toBe(200);
    expect((await read('a/f.bin')).body).toBe('kept whole');
  });

  it('file nothing unless every part is there as named', async () => {
    const { id, credentials } = await begin(2);
    const first = await put(credentials[0].url, 'one');
    for (const parts of [[], partsOf([first.etag]), partsOf([first.etag, '"0"']), partsOf(['x', 'y', 'z'])]) {
      const reply = await post('complete', 'a', { path: 'f.bin', upload_id: id, parts });
      expect([reply.status, reply.json.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE']);
    }
    expect((await put(credentials[0].url.replace(/\/1\?/, '/3?'), 'x')).status).toBe(400);
    expect((await read('a/f.bin')).status).toBe(404);
  });

  it('belong to one place', async () => {
    const { id, credentials } = await begin(1);
    const { etag } = await put(credentials[0].url, 'one');
    const elsewhere = await post('complete', 'b', { path: 'f.bin', upload_id: id, parts: partsOf([etag]) });
    expect(elsewhere.status).toBe(404);
    expect((await put(credentials[0].url.replace('a%2Ff.bin', 'a%2Fg.bin'), 'x')).status).toBe(404);
    await post('abort', 'b', { path: 'f.bin', upload_id: id });
    expect(uploads()).toEqual([id]);
    expect((await post('abort', 'a', { path: 'f.bin', upload_id: id })).status).toBe(200);
    expect((await post('abort', 'a', { path: 'f.bin', upload_id: id })).status).toBe(200);
    expect(uploads()).toEqual([]);
    expect((await put(credentials[0].url, 'late')).status).toBe(404);
  });

  it('are thrown away when nobody touched them for a day', async () => {
    const { id } = await begin(1);
    const past = new Date(Date.now() - 25 * 3_600_000);
    utimesSync(join(houston.dataDir, 'uploads', id), past, past);
    const { id: next } = await begin(1, 'g.bin');
    expect(uploads()).toEqual([next]);
  });

  it('climb nowhere, and have bounds', async () => {
    for (const [folder, path, parts] of [
      ['..%2f..', 'f', 1],
      ['a', '..', 1],
      ['a', '%2e%2e', 1],
      ['%252e%252e', 'f', 1],
      ['a%23', 'f', 1],
      ['a', '', 1],
      ['a', 'f', 0],
      ['a', 'f', -1],
      ['a', 'f', 10_001],
    ] as const) {
      const reply = await post('create', folder, { path, num_parts: parts });
      expect([folder, path, parts, reply.status]).toEqual([folder, path, parts, 400]);
    }
    for (const id of ['..', '%2e%2e', 'x', '0'.repeat(64), '%00']) {
      const reply = await send(houston.url, 'PUT', `${api}/mpu/part/${id}/1?path=a/f`, 'x');
      expect([id, reply.status >= 400 && reply.status < 500]).toEqual([id, true]);
    }
    expect(uploads()).toEqual([]);
  });
});
