import { expect, it } from 'vitest';
import { logisticModel } from '../serving/models.ts';
import { describeInBrowser } from './browser.ts';

const model = { name: 'tiny.onnx', mimeType: 'application/octet-stream', buffer: Buffer.alloc(0) };
const csv = (text: string) => ({ name: 'orders.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });

describeInBrowser('A person with an empty server', {}, (suite) => {
  it('is taught the first steps', async () => {
    const { page, problems } = await suite.open();
    await page.goto(suite.houston.url);
    await page.getByText('Nothing is deployed yet').waitFor();
    for (const title of ['Register a model', 'Deploy it', 'Ask it'])
      await page.getByRole('heading', { name: title }).waitFor();
    await page.goto(`${suite.houston.url}/data`);
    await page.getByText('No dataset yet').waitFor();
    expect(problems).toEqual([]);
  });

  it('registers a model by upload, deploys it by the form and sees what it answered', async () => {
    const { page, problems, expectStatus } = await suite.open();
    // The form asks first whether the deployment is there.
    expectStatus(404);
    await page.goto(suite.houston.url);
    const register = page.locator('section', {
      has: page.getByRole('heading', { name: 'Register a model' }),
    });
    const buffer = Buffer.from(logisticModel({ weights: [1, -1] }));
    await register.locator('input[type=file]').setInputFiles({ ...model, buffer });
    await register.getByRole('button', { name: 'Register' }).click();
    await page.getByText('Registered tiny version 1.').waitFor();
    const deploy = page.locator('section', { has: page.getByRole('heading', { name: 'Deploy it' }) });
    await deploy.getByRole('button', { name: 'Deploy' }).click();
    await page.waitForURL('**/serving/tiny');
    await page.getByRole('heading', { level: 1, name: 'tiny' }).waitFor();
    const reply = await fetch(`${suite.houston.url}/v2/models/tiny/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        inputs: [{ name: 'features', shape: [1, 2], datatype: 'FP32', data: [2, 1] }],
      }),
    });
    expect(reply.status).toBe(200);
    const { id } = (await reply.json()) as { id: string };
    await page.goto(`${suite.houston.url}/serving/predictions/${id}`);
    await page.getByText('0.731').first().waitFor();
    await page.goto(`${suite.houston.url}/serving/tiny?tab=predictions`);
    await page.getByText('0.731').first().waitFor();
    expect(problems).toEqual([]);
  });

  it('turns the cache of a deployment on, sees what it spares, and empties it', async () => {
    const { page, problems } = await suite.open();
    const ask = async () => {
      const reply = await fetch(`${suite.houston.url}/v2/models/tiny/infer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          inputs: [{ name: 'features', shape: [1, 2], datatype: 'FP32', data: [3, 1] }],
        }),
      });
      return ((await reply.json()) as { id: string }).id;
    };
    await page.goto(`${suite.houston.url}/serving/tiny`);
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Turn cache on' }).click();
    await dialog.getByRole('button', { name: 'Turn cache on' }).click();
    await page.getByText('tiny keeps its answers from now on.').waitFor();
    await ask();
    const id = await ask();
    await page.getByText('1 of 2 requests').waitFor();
    await page.getByRole('button', { name: 'Clear cache' }).click();
    await dialog.getByRole('button', { name: 'Clear cache' }).click();
    await page.getByText('tiny has forgotten 1 answer.').waitFor();
    await page.goto(`${suite.houston.url}/serving/predictions/${id}`);
    await page.getByText('from the cache').waitFor();
    expect(problems).toEqual([]);
  });

  it('uploads data, and reads why a bad batch was refused', async () => {
    const { page, problems, expectStatus } = await suite.open();
    expectStatus(404, 422);
    await page.goto(`${suite.houston.url}/data?do=upload`);
    const dialog = page.getByRole('dialog');
    await dialog.locator('input[type=file]').setInputFiles(csv('id,amount\n1,10\n2,20\n3,30\n'));
    await dialog.getByRole('button', { name: 'Upload', exact: true }).click();
    await page.waitForURL('**/data/orders**');
    await page.getByRole('heading', { level: 1, name: 'orders' }).waitFor();
    await suite.houston.client.put('/api/data/datasets/orders', {
      expectations: [
        { type: 'expect_column_values_to_be_between', kwargs: { column: 'amount', min_value: 0 } },
      ],
    });
    await page.goto(`${suite.houston.url}/data/orders?do=upload`);
    await dialog.locator('input[type=file]').setInputFiles(csv('id,amount\n4,-5\n5,7\n'));
    await dialog.getByRole('button', { name: 'Upload', exact: true }).click();
    await dialog.getByText('Nothing of the file was kept').waitFor();
    await dialog.getByText('amount').first().waitFor();
    const versions = await suite.houston.client.get<{ items: unknown[] }>(
      '/api/data/datasets/orders/versions',
    );
    expect(versions.items).toHaveLength(1);
    expect(problems).toEqual([]);
  });

  it('compares two runs, what differs first', async () => {
    const { page, problems } = await suite.open();
    for (const depth of ['3', '4']) {
      const params = { depth, seed: '7' };
      await suite.houston.client.post('/api/experiments/runs', {
        experiment: 'trees',
        name: `d${depth}`,
        params,
      });
    }
    await page.goto(`${suite.houston.url}/experiments/trees`);
    for (const name of ['d3', 'd4']) await page.getByRole('checkbox', { name: `Compare ${name}` }).check();
    await page.getByRole('button', { name: 'Compare 2 runs' }).click();
    await page.getByText('1 of 2 params differ').waitFor();
    await page.getByRole('cell', { name: 'depth', exact: true }).waitFor();
    expect(await page.getByRole('cell', { name: 'seed', exact: true }).count()).toBe(0);
    await page.getByLabel('also what is the same').check({ force: true });
    await page.getByRole('cell', { name: 'seed', exact: true }).waitFor();
    expect(problems).toEqual([]);
  });

  it('goes everywhere by keyboard, and has the ledger verified', async () => {
    const { page, problems } = await suite.open();
    await page.goto(suite.houston.url);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Find or do' }).waitFor();
    await page.keyboard.type('ledger');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/ledger');
    await page.getByRole('button', { name: 'Verify the ledger' }).click();
    await page.getByText('events are as they were written').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    expect(problems).toEqual([]);
  });

  it('sees an event as it happens, without a reload', async () => {
    const { page, problems } = await suite.open();
    await page.goto(`${suite.houston.url}/data`);
    await page.getByText('Live', { exact: true }).waitFor();
    await suite.houston.client.put('/api/data/datasets/arrivals', { description: 'Made elsewhere' });
    await page.getByText('Made elsewhere').waitFor();
    expect(problems).toEqual([]);
  });
});
