import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from './send.ts';

describe('the artifact store of the MLflow protocol', () => {
  let houston: TestHouston;
  let runId: string;
  beforeAll(async () => {
    houston = await startTestHouston();
    const { json } = await send(houston.url, 'POST', '/api/2.0/mlflow/runs/create', '{"experiment_id":"0"}');
    runId = (json as { run: { info: { run_id: string } } }).run.info.run_id;
  });
  afterAll(() => houston.end());

  const attacks = [
    '../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e/%2e%2e/etc/passwd',
    '%252e%252e%252fetc%252fpasswd',
    '%25252e%25252e%25252fetc',
    '..%5c..%5cwindows',
    'a/../../b',
    'a/%2e%2e/b',
    '%00/etc/passwd',
    'a%0a/b',
    'a%23/../b',
    'C:%5cwindows',
    'C:/windows',
    '%2fetc/passwd',
    '%252fetc/passwd',
    'file:%2f%2f/etc/passwd',
    '.%2e/x',
    '%2e%2e%3b/x',
    '%ff..%2f',
  ];
  it.each(attacks)('lets no artifact path climb: %s', async (attack) => {
    const base = '/api/2.0/mlflow-artifacts/artifacts';
    const paths = [`${base}/0/${runId}/artifacts/${attack}`, `${base}/${attack}`];
    for (const path of paths) {
      for (const method of ['PUT', 'GET', 'DELETE']) {
        const reply = await send(houston.url, method, path, method === 'PUT' ? 'x' : undefined);
        expect([path, reply.status >= 400 && reply.status < 500]).toEqual([path, true]);
        expect(reply.body).not.toContain('root:');
      }
    }
    const listed = await send(houston.url, 'GET', `${base}?path=${attack}`);
    expect(listed.json.files ?? []).toEqual([]);
    expect(
      (await send(houston.url, 'GET', `/get-artifact?run_id=${runId}&path=${attack}`)).status,
    ).toBeGreaterThanOrEqual(400);
  });

  it('takes a source with doubled slashes for the folder it means, and names plain files plainly', async () => {
    const call = (path: string, body: object) =>
      send(houston.url, 'POST', `/api/2.0/mlflow/${path}`, JSON.stringify(body));
    const folder = `0/${runId}/artifacts`;
    const file = `/api/2.0/mlflow-artifacts/artifacts/${folder}/model/a.txt`;
    await send(houston.url, 'PUT', file, 'abc', { 'content-type': 'text/plain' });
    await call('registered-models/create', { name: 'joined' });
    const sources = [`mlflow-artifacts:/${folder}//model`, `runs:/${runId}//model`];
    for (const [i, source] of sources.entries()) {
      const made = await call('model-versions/create', { name: 'joined', source, run_id: runId });
      expect([source, made.status]).toEqual([source, 200]);
      const reply = await fetch(
        `${houston.url}/model-versions/get-artifact?name=joined&version=${i + 1}&path=a.txt`,
      );
      expect(await reply.text()).toBe('abc');
      expect(reply.headers.get('content-disposition')).toBe('attachment; filename=a.txt');
    }
  });

  it('serves what was stored as a download, once per content', async () => {
    const path = `/api/2.0/mlflow-artifacts/artifacts/0/${runId}/artifacts/page/evil%20100%25.html`;
    const html = '<script>alert(1)</script>';
    expect((await send(houston.url, 'PUT', path, html, { 'content-type': 'text/html' })).status).toBe(200);
    const reply = await fetch(houston.url + path);
    expect(await reply.text()).toBe(html);
    expect(reply.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''evil%20100%25.html");
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
    const { json } = await send(
      houston.url,
      'GET',
      `/api/2.0/mlflow-artifacts/artifacts?path=0/${runId}/artifacts/page`,
    );
    expect(json.files).toEqual([{ path: 'evil 100%.html', is_dir: false, file_size: html.length }]);
    const { artifacts } = await houston.client.get<{ artifacts: { path: string }[] }>(
      `/api/experiments/runs/${runId}`,
    );
    expect(artifacts.map(({ path: own }) => own)).toContain('page/evil 100%.html');
    expect((await send(houston.url, 'DELETE', path)).status).toBe(200);
    expect((await send(houston.url, 'GET', path)).json.error_code).toBe('RESOURCE_DOES_NOT_EXIST');
  });
});
