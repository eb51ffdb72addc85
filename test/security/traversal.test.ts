import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from '../mlflow/send.ts';

const secret = 'what no caller may see';

/** Ways out of a folder that servers have fallen for, as they stand in an address. */
const climbs: [name: string, path: string][] = [
  ['plain', '../../secret.txt'],
  ['encoded', '%2e%2e%2f%2e%2e%2fsecret.txt'],
  ['encoded twice', '%252e%252e%252f%252e%252e%252fsecret.txt'],
  ['encoded three times', '%25252e%25252e%25252fsecret.txt'],
  ['mixed encodings', '.%2e/%252e./secret.txt'],
  ['behind a folder', 'a/../../../secret.txt'],
  ['a fragment', 'a%23/../../../secret.txt'],
  ['a fragment, encoded twice', 'a%2523/../../secret.txt'],
  ['parameters of a segment', '..;/..;/secret.txt'],
  ['parameters, encoded', '%2e%2e%3bx/%2e%2e%3bx/secret.txt'],
  ['absolute', '%2fetc%2fpasswd'],
  ['absolute, encoded twice', '%252fetc%252fpasswd'],
  ['two slashes', '%2f%2fetc/passwd'],
  ['backslashes', '..%5c..%5csecret.txt'],
  ['backslashes, encoded twice', '..%255c..%255csecret.txt'],
  ['a drive', 'C:%5cWindows%5cwin.ini'],
  ['a drive with slashes', 'C:/Windows/win.ini'],
  ['a share', '%5c%5chost%5cshare'],
  ['a device namespace', '%5c%5c%3f%5cC:%5csecret.txt'],
  ['a stream of a file', '..%5csecret.txt::$DATA'],
  ['NUL', 'a%00/../../secret.txt'],
  ['NUL at the end', '../../secret.txt%00.png'],
  ['a line break', 'a%0d%0a/../secret.txt'],
  ['a file address', 'file:%2f%2f%2fetc/passwd'],
  ['a file address, encoded twice', 'file%253a%252f%252f%252fetc/passwd'],
  ['spaces around dots', '%20..%20/%20..%20/secret.txt'],
  ['broken UTF-8', '%c0%ae%c0%ae%c0%afsecret.txt'],
  ['a lone surrogate', '%ed%a0%80/../secret.txt'],
];

type Created = { run: { info: { run_id: string } }; model: { info: { model_id: string } } };

describe('path traversal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'houston-traversal-'));
  const dataDir = join(folder, 'data');
  let houston: TestHouston;
  let runId: string;
  let modelId: string;
  const api = '/api/2.0/mlflow';
  const store = '/api/2.0/mlflow-artifacts';
  beforeAll(async () => {
    writeFileSync(join(folder, 'secret.txt'), secret);
    houston = { ...(await startTestHouston({ dataDir })), dataDir };
    writeFileSync(join(dataDir, 'secret.txt'), secret);
    const post = async (path: string, body: object) =>
      (await send(houston.url, 'POST', `${api}/${path}`, JSON.stringify(body))).json as Created;
    runId = (await post('runs/create', { experiment_id: '0' })).run.info.run_id;
    modelId = (await post('logged-models', { experiment_id: '0', name: 'm' })).model.info.model_id;
    await send(houston.url, 'PUT', `${store}/artifacts/0/models/${modelId}/artifacts/a/f`, 'mine');
    await post('registered-models/create', { name: 'm' });
    await post('model-versions/create', { name: 'm', source: `models:/${modelId}` });
  });
  afterAll(async () => {
    await houston.end();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Each place where a caller may write a path, or what becomes part of one. */
  const doors: [method: string, address: (climb: string) => string, body?: (climb: string) => string][] = [
    ['GET', (climb) => `${store}/artifacts/${climb}`],
    ['PUT', (climb) => `${store}/artifacts/${climb}`, () => 'x'],
    ['PUT', (climb) => `${store}/artifacts/0/${runId}/artifacts/${climb}`, () => 'x'],
    ['DELETE', (climb) => `${store}/artifacts/0/${runId}/artifacts/${climb}`],
    ['GET', (climb) => `${store}/artifacts?path=${climb}`],
    ['POST', (climb) => `${store}/mpu/create/${climb}`, () => '{"path":"f","num_parts":1}'],
    ['POST', () => `${store}/mpu/create/a`, (climb) => `{"path":"${climb}","num_parts":1,"x":`],
    ['POST', (climb) => `${store}/mpu/complete/${climb}`, () => '{"path":"f","upload_id":"x","parts":[]}'],
    ['PUT', (climb) => `${store}/mpu/part/${climb}/1?path=a`, () => 'x'],
    ['PUT', (climb) => `${store}/mpu/part/${'0'.repeat(64)}/1?path=${climb}`, () => 'x'],
    ['GET', (climb) => `/get-artifact?run_id=${runId}&path=${climb}`],
    ['GET', (climb) => `/get-artifact?run_id=${climb}&path=f`],
    ['GET', (climb) => `/model-versions/get-artifact?name=m&version=1&path=${climb}`],
    ['GET', (climb) => `/model-versions/get-artifact?name=${climb}&version=1&path=a/f`],
    [
      'GET',
      (climb) => `/ajax-api/2.0/mlflow/logged-models/${modelId}/artifacts/files?artifact_file_path=${climb}`,
    ],
    ['GET', (climb) => `/ajax-api/2.0/mlflow/logged-models/${climb}/artifacts/files?artifact_file_path=f`],
    ['GET', (climb) => `${api}/artifacts/list?run_id=${runId}&path=${climb}`],
    ['GET', (climb) => `${api}/artifacts/list?run_id=${climb}`],
    [
      'GET',
      (climb) => `${api}/logged-models/${modelId}/artifacts/directories?artifact_directory_path=${climb}`,
    ],
    ['POST', (climb) => `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${runId}&path=${climb}`, () => 'x'],
    ['POST', (climb) => `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${climb}&path=f`, () => 'x'],
    ['GET', (climb) => `/api/3.0/mlflow/traces/${climb}`],
    ['GET', (climb) => `/api/experiments/runs/${runId}/artifact?path=${climb}`],
    ['GET', (climb) => `/assets/${climb}`],
    ['GET', (climb) => `/docs/${climb}`],
  ];

  it.each(climbs)('finds no way out: %s', async (_name, climb) => {
    for (const [method, address, body] of doors) {
      const path = address(climb);
      const reply = await send(houston.url, method, path, body?.(climb));
      expect([method, path, reply.status < 500]).toEqual([method, path, true]);
      expect(reply.body).not.toContain(secret);
      expect(reply.body).not.toContain('root:');
      if (method !== 'GET') expect([method, path, reply.status >= 400]).toEqual([method, path, true]);
    }
  });

  it('leaves nothing on disk but bytes under their digests', () => {
    expect(readFileSync(join(folder, 'secret.txt'), 'utf8')).toBe(secret);
    expect(readdirSync(folder).sort()).toEqual(['data', 'secret.txt']);
    const blobs = readdirSync(join(dataDir, 'blobs'), { recursive: true, encoding: 'utf8' });
    for (const name of blobs) {
      expect(name).toMatch(/^(staging|[0-9a-f]{2}(\/[0-9a-f]{64})?)$/);
      expect(lstatSync(join(dataDir, 'blobs', name)).isSymbolicLink()).toBe(false);
    }
    expect(readdirSync(join(dataDir, 'uploads'))).toEqual([]);
  });

  it('takes paths in messages for labels too', async () => {
    const climbing = ['../../x', '/etc/passwd', 'file:///etc/passwd', '..\\x', '%2e%2e/x', 'a#/../b'];
    for (const path of climbing) {
      const upload = JSON.stringify({ path: `a/${path}/..`, num_parts: 1 });
      expect((await send(houston.url, 'POST', `${store}/mpu/create/a`, upload)).status).toBe(400);
      for (const source of [path, `mlflow-artifacts:/${path}/../..`, `runs:/${runId}/../${path}`]) {
        const body = JSON.stringify({ name: 'm', source });
        const reply = await send(houston.url, 'POST', `${api}/model-versions/create`, body);
        expect([source, reply.status < 500]).toEqual([source, true]);
        expect(reply.body).not.toContain('root:');
      }
    }
  });
});
