import { beforeAll, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.ts';
import { logisticModel } from '../serving/models.ts';
import { describeInBrowser } from './browser.ts';

const weights = [0.9, -1.4, 0.3, 0, 0.5];

describeInBrowser('A prediction', {}, (suite) => {
  beforeAll(async () => {
    const { client, url } = suite.houston;
    const registered = await fetch(`${url}/api/registry/models/credit/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from(logisticModel({ weights, bias: -0.5 })),
    });
    expect(registered.ok).toBe(true);
    await client.put('/api/serving/deployments/credit', {
      model: 'credit',
      reasons: { 'features[1]': 'Debt is high for the income' },
    });
    await client.post('/api/serving/deployments/credit/deploy', { model: 'credit' });
    const random = createRandom(4);
    const data = Array.from({ length: 80 * 5 }, () => random.normal());
    await client.post('/v2/models/credit/infer', {
      id: 'past',
      inputs: [{ name: 'features', shape: [80, 5], datatype: 'FP32', data }],
    });
    await client.post('/v2/models/credit/infer', {
      id: 'asked',
      inputs: [{ name: 'features', shape: [1, 5], datatype: 'FP32', data: [1.2, -1.7, 0.4, 2, -0.6] }],
    });
  });

  it('is explained when asked: picture, reasons, method, and the whole as JSON', async () => {
    const { page, problems } = await suite.open();
    await page.goto(`${suite.houston.url}/serving/predictions/asked`);
    await page.getByRole('button', { name: 'Explain', exact: true }).click();
    const picture = page.getByRole('list', { name: /Waterfall/ });
    await picture.getByText('▲ raises').first().waitFor();
    expect(await picture.getByText('▼ lowers').count()).toBe(1);
    expect(await picture.locator('li').count()).toBe(2 + 4);
    expect(await picture.locator('li').nth(1).textContent()).toContain('features[1]');
    await page.getByText('Debt is high for the income.').waitFor();
    await page.getByText(/all 32 coalitions are taken/).waitFor();
    await page.getByText('80 of 80 rows').waitFor();
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export JSON' }).click();
    expect((await waiting).suggestedFilename()).toBe('explanation-asked.json');
    await page.getByText('Log-odds', { exact: true }).click();
    await page.getByText('Usual log-odds').waitFor();
    expect(problems).toEqual([]);
  });

  it('is explained in the drawer too, and a refusal says what to do', async () => {
    const { client } = suite.houston;
    const { page, problems, expectStatus } = await suite.open({ width: 900, scheme: 'dark' });
    await page.goto(`${suite.houston.url}/serving/credit?tab=predictions`);
    await page.getByText('asked', { exact: true }).first().click();
    const drawer = page.getByRole('dialog');
    await drawer.getByRole('button', { name: 'Explain', exact: true }).click();
    await drawer.getByRole('list', { name: /Waterfall/ }).waitFor();
    expect(problems).toEqual([]);
    const lonely = await fetch(`${suite.houston.url}/api/registry/models/lonely/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from(logisticModel({ weights: [1, 2] })),
    });
    expect(lonely.ok).toBe(true);
    await client.post('/api/serving/deployments/lonely/deploy', { model: 'lonely' });
    await client.post('/v2/models/lonely/infer', {
      id: 'lonely',
      inputs: [{ name: 'features', shape: [1, 2], datatype: 'FP32', data: [1, 1] }],
    });
    expectStatus(422);
    await page.goto(`${suite.houston.url}/serving/predictions/lonely`);
    await page.getByRole('button', { name: 'Explain', exact: true }).click();
    await page
      .getByRole('alert')
      .getByText(/Send more requests/)
      .waitFor();
    expect(problems).toEqual([]);
  });
});
