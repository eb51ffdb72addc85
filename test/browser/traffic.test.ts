import { beforeAll, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { failingModel } from '../serving/models.ts';
import { describeInBrowser } from './browser.ts';

/** A step of the map is ten seconds, and shown when the server has looked at its end. */
const patience = { timeout: 90_000 };

describeInBrowser('The traffic of a deployment', {}, (suite) => {
  beforeAll(async () => {
    const { client, url } = suite.houston;
    await fetch(`${url}/api/registry/models/shaky/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from(failingModel(2)),
    });
    await client.put('/api/serving/deployments/shaky', { model: 'shaky' });
    await client.post('/api/serving/deployments/shaky/deploy', { model: 'shaky' });
    const ask = (first: number) =>
      fetch(`${url}/v2/models/shaky/infer`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`,
        },
        body: JSON.stringify({
          inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 2], data: [first, 0] }],
        }),
      });
    for (let i = 0; i < 10; i++) expect((await ask(0)).status).toBe(200);
    expect((await ask(5)).status).toBe(500);
    // Histories look at the counters every five seconds.
    await eventually(async () => {
      const path = '/api/serving/deployments/shaky/history';
      const { points } = await client.get<{ points: { failed: number }[] }>(path);
      expect(points.some(({ failed }) => failed > 0)).toBe(true);
    });
  });

  it('leads from an error to its prediction, and from there to where the time went', async () => {
    const { page, problems } = await suite.open();
    await page.goto(`${suite.houston.url}/serving/shaky`);
    await page.getByRole('tab', { name: 'Traffic' }).click();
    await page.getByRole('heading', { name: 'Latency over time' }).waitFor(patience);
    const errors = page.locator('.panel', { hasText: 'failed and refused requests since the start' });
    await errors.getByRole('button', { name: 'the model failed' }).waitFor();
    await page.getByRole('heading', { name: 'Memory per model' }).waitFor();
    await errors.getByRole('link', { name: 'prediction' }).click();
    await page.waitForURL(/\/serving\/predictions\//);
    await page.getByRole('link', { name: 'where the time went' }).click();
    await page.waitForURL(/\/experiments\/traces\/tr-(?:ab){16}/);
    await page.getByText('houston.run').first().waitFor();
    expect(problems).toEqual([]);
  });

  it('shows the map as a table too, and its range stands in the address', async () => {
    const { page, problems } = await suite.open({ scheme: 'dark' });
    await page.goto(`${suite.houston.url}/serving/shaky?tab=traffic`);
    const map = page.locator('.panel', { hasText: 'each bin is twice the one below' });
    await map.getByRole('application').waitFor(patience);
    await map.getByRole('button', { name: 'Show as table' }).click();
    await map.getByRole('columnheader', { name: 'Time (UTC)' }).waitFor();
    await map.getByRole('button', { name: 'Show as map' }).click();
    const box = (await map.getByRole('application').boundingBox())!;
    await page.mouse.move(box.x + 200, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + 400, box.y + 30);
    await page.mouse.up();
    await page.waitForURL(/from=.*to=/);
    expect(problems).toEqual([]);
  });

  it('marks where a statement is wrong, until it is changed', async () => {
    const { page, expectStatus } = await suite.open();
    expectStatus(400);
    const sql = 'SELECT score,\n  nope\nFROM predictions';
    await page.goto(`${suite.houston.url}/serving/shaky?tab=query&sql=${encodeURIComponent(sql)}`);
    const mark = page.locator('.sql-wrong');
    await mark.waitFor(patience);
    expect(await mark.textContent()).toBe('nope');
    await page.getByRole('textbox', { name: 'SQL' }).focus();
    await page.keyboard.type('x');
    await mark.waitFor({ state: 'detached' });
  });

  it('filters the log by sampling, in the address too', async () => {
    const { page, problems } = await suite.open();
    await page.goto(`${suite.houston.url}/serving/shaky?tab=predictions`);
    await page.getByRole('grid').waitFor(patience);
    await page.getByRole('combobox', { name: 'Sampled or not' }).click();
    await page.getByRole('option', { name: 'not sampled' }).click();
    await page.waitForURL(/sampled=false/);
    await page.getByText('No record fits the filter').waitFor();
    expect(problems).toEqual([]);
  });
});
