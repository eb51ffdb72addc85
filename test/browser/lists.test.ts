import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { logisticModel } from '../serving/models.ts';
import { describeInBrowser } from './browser.ts';

describeInBrowser('Lists', {}, (suite) => {
  const upload = async (name: string, weight: number) => {
    const response = await fetch(`${suite.houston.url}/api/registry/models/${name}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from(logisticModel({ weights: [weight, -1] })),
    });
    expect(response.ok).toBe(true);
  };
  const add = async (name: string) => {
    await upload(name, 1);
    await suite.houston.client.put(`/api/serving/deployments/${name}`, { model: name, environment: 'prod' });
  };

  beforeAll(() => add('model-0'));

  /** What a page asked of the API until its last row stood there; the same question twice counts once. */
  async function asked(page: Page, address: string, last: string): Promise<string[]> {
    const targets = new Set<string>();
    const note = (request: { url(): string }) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith('/api/')) targets.add(pathname);
    };
    page.on('request', note);
    await page.goto(suite.houston.url + address);
    await page.getByRole('grid').getByText(last, { exact: true }).first().waitFor();
    await page.waitForLoadState('load');
    // The stream of events never ends: what else there is has been asked for once the rows are drawn and idle.
    await page.evaluate('new Promise((done) => requestIdleCallback(() => requestIdleCallback(done)))');
    page.off('request', note);
    return [...targets].sort();
  }

  it('of models and of deployments ask as much for twelve rows as for one', async () => {
    const { page, problems } = await suite.open();
    const pages = ['/registry', '/serving'];
    const one: string[][] = [];
    for (const address of pages) one.push(await asked(page, address, 'model-0'));
    for (let i = 1; i < 12; i++) await add(`model-${i}`);
    const twelve: string[][] = [];
    for (const address of pages) twelve.push(await asked(page, address, 'model-11'));
    expect(twelve).toEqual(one);
    expect(one[0]).toContain('/api/registry/models');
    expect(one[1]).toContain('/api/monitoring/windows');
    expect(problems).toEqual([]);
  });

  it('leave out their least columns where the window is narrow, and say which', async () => {
    await upload('model-0', 2);
    const { page, problems } = await suite.open({ width: 1100 });
    await page.goto(`${suite.houston.url}/registry/model-0`);
    const grid = page.getByRole('grid', { name: 'model-0-versions' });
    await grid.getByRole('columnheader', { name: 'Verdict' }).waitFor();
    await page.getByText('without Digest').waitFor();
    const over =
      'document.querySelector("[role=grid]").scrollWidth - document.querySelector("[role=grid]").clientWidth';
    expect(await page.evaluate(over)).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1600, height: 900 });
    await grid.getByRole('columnheader', { name: 'Digest' }).waitFor();
    expect(problems).toEqual([]);
  });

  it('of rows name their columns and print a minus', async () => {
    const { client, url } = suite.houston;
    await client.put('/api/data/datasets/flights', {});
    const response = await fetch(`${url}/api/data/datasets/flights/versions`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'origin,delay\nLAS,33\nATL,\nORD,-7\n',
    });
    expect(response.ok).toBe(true);
    const { page, problems } = await suite.open();
    await page.goto(`${url}/data/flights?tab=rows`);
    await page.getByRole('columnheader', { name: 'origin' }).waitFor();
    await page.getByRole('columnheader', { name: 'delay' }).waitFor();
    await page.getByRole('cell', { name: '33', exact: true }).waitFor();
    await page.getByRole('cell', { name: '−7', exact: true }).waitFor();
    expect(problems).toEqual([]);
  });

  it('of an experiment open on what it has', async () => {
    const { client, url } = suite.houston;
    const experiment = async (name: string) =>
      (await client.post<{ experiment_id: string }>('/api/2.0/mlflow/experiments/create', { name }))
        .experiment_id;
    const traced = await experiment('traced');
    await client.post('/api/3.0/mlflow/traces', {
      trace: {
        trace_info: {
          trace_id: `tr-${'a'.repeat(32)}`,
          trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: traced } },
          request_time: new Date().toISOString(),
          execution_duration: '0.5s',
          state: 'OK',
        },
      },
    });
    await client.post('/api/2.0/mlflow/logged-models', {
      experiment_id: await experiment('modelled'),
      name: 'outside',
    });
    await experiment('empty');
    await client.post('/api/experiments/runs', { experiment: 'traced-too', name: 'a-run' });
    const { page, problems } = await suite.open();
    const opensOn = async (name: string, tab: string) => {
      await page.goto(`${url}/experiments/${name}`);
      await page.getByRole('tab', { name: tab, selected: true }).waitFor();
    };
    await opensOn('traced', 'Traces');
    await page.getByRole('tab', { name: 'Runs' }).click();
    await page.getByText('This experiment has no run yet').waitFor();
    expect(page.url()).toContain('tab=runs');
    await opensOn('modelled', 'Logged models');
    await page.getByText('outside', { exact: true }).waitFor();
    await opensOn('empty', 'Runs');
    await opensOn('traced-too', 'Runs');
    expect(problems).toEqual([]);
  });
});
