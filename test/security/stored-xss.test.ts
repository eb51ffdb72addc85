import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from '../mlflow/send.ts';

const script = '<script>alert(document.domain)</script>';
const pages: [name: string, type: string, content: string][] = [
  ['page.html', 'text/html', script],
  ['page.htm', 'text/html; charset=utf-7', '+ADw-script+AD4-alert(1)+ADw-/script+AD4-'],
  ['picture.svg', 'image/svg+xml', `<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`],
  ['feed.xml', 'application/xml', `<x xmlns="http://www.w3.org/1999/xhtml">${script}</x>`],
  ['page.xhtml', 'application/xhtml+xml', script],
  ['text.txt', 'text/plain', script],
  ['nothing', 'application/octet-stream', script],
  ['code.js', 'text/javascript', 'alert(1)'],
  ['picture.png', 'image/png', script],
  ['a "quoted" name;.html', 'text/html', script],
  ['<img src=x onerror=alert(1)>.html', 'text/html', script],
  ['paper.pdf', 'application/pdf', '%PDF-1.4 /JS (app.alert(1))'],
];

type Created = { run: { info: { run_id: string } }; model: { info: { model_id: string } } };

describe('artifacts that are pages', () => {
  let houston: TestHouston;
  let runId: string;
  let modelId: string;
  const api = '/api/2.0/mlflow';
  beforeAll(async () => {
    houston = await startTestHouston();
    const post = async (path: string, body: object) =>
      (await send(houston.url, 'POST', `${api}/${path}`, JSON.stringify(body))).json as Created;
    runId = (await post('runs/create', { experiment_id: '0' })).run.info.run_id;
    modelId = (await post('logged-models', { experiment_id: '0', name: 'm' })).model.info.model_id;
    await post('registered-models/create', { name: 'm' });
    await post('model-versions/create', { name: 'm', source: `models:/${modelId}` });
  });
  afterAll(() => houston.end());

  it.each(pages)('never run in the origin of the server: %s', async (name, type, content) => {
    const file = encodeURIComponent(name);
    const store = '/api/2.0/mlflow-artifacts/artifacts/0';
    for (const path of [
      `${store}/${runId}/artifacts/${file}`,
      `${store}/models/${modelId}/artifacts/${file}`,
    ]) {
      expect((await send(houston.url, 'PUT', path, content, { 'content-type': type })).status).toBe(200);
    }
    for (const path of [
      `${store}/${runId}/artifacts/${file}`,
      `/ajax-api/2.0/mlflow-artifacts/artifacts/0/${runId}/artifacts/${file}`,
      `/get-artifact?run_id=${runId}&path=${file}`,
      `/model-versions/get-artifact?name=m&version=1&path=${file}`,
      `/ajax-api/2.0/mlflow/logged-models/${modelId}/artifacts/files?artifact_file_path=${file}`,
      `/api/experiments/runs/${runId}/artifact?path=${file}`,
    ]) {
      const reply = await fetch(houston.url + path);
      expect([path, reply.status, await reply.text()]).toEqual([path, 200, content]);
      expect([path, reply.headers.get('x-content-type-options')]).toEqual([path, 'nosniff']);
      const disposition = reply.headers.get('content-disposition') ?? '';
      expect([path, disposition.split(';')[0]]).toEqual([path, 'attachment']);
      expect(disposition).not.toMatch(/[<>\r\n]/);
      expect([path, reply.headers.get('content-security-policy')]).toEqual([
        path,
        expect.stringContaining('sandbox'),
      ]);
    }
  });

  it('bring no header of their own', async () => {
    const path = `/api/2.0/mlflow-artifacts/artifacts/0/${runId}/artifacts/h`;
    expect((await send(houston.url, 'PUT', path, 'x', { 'content-type': 'text/html' })).status).toBe(200);
    for (const type of [
      'text/html',
      'text/html, x/y',
      'text/html;a="\t"',
      'x'.repeat(5000),
      'text/html\u00e9',
    ]) {
      const put = await send(houston.url, 'PUT', path, 'x', { 'content-type': type });
      expect(put.status).toBeLessThan(500);
      if (put.status !== 200) continue;
      const reply = await fetch(houston.url + path);
      await reply.text();
      expect(reply.headers.get('content-type')).toMatch(/^[\w.+-]+\/[\w.+-]+$/);
      expect(reply.headers.get('set-cookie')).toBeNull();
    }
    for (const name of ['a%0d%0aSet-Cookie:x=1', 'a%0aX:1']) {
      expect((await send(houston.url, 'PUT', `${path}/${name}`, 'x')).status).toBe(400);
    }
  });

  it('stand in JSON as text, in replies and errors alike', async () => {
    const post = (path: string, body: object) =>
      send(houston.url, 'POST', `${api}/${path}`, JSON.stringify(body));
    await post('experiments/create', { name: script });
    await post('runs/set-tag', { run_id: runId, key: 'mlflow.note.content', value: script });
    for (const path of [
      `${api}/experiments/get-by-name?experiment_name=${encodeURIComponent(script)}`,
      `${api}/runs/get?run_id=${runId}`,
      `${api}/runs/get?run_id=${encodeURIComponent(script)}`,
      `${api}/artifacts/list?run_id=${runId}`,
      `/api/experiments/${encodeURIComponent(script)}/runs`,
    ]) {
      const reply = await fetch(houston.url + path);
      await reply.text();
      expect([path, reply.headers.get('content-type')?.split(';')[0]]).toEqual([path, 'application/json']);
      expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
    }
    const unknown = await fetch(`${houston.url}/api/2.0/mlflow/${encodeURIComponent(script)}`);
    expect(unknown.headers.get('content-type')).toContain('text/plain');
    expect(await unknown.text()).not.toContain('<script>');
  });
});
