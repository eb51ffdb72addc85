import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { logisticModel } from '../serving/models.ts';
import { describeInBrowser } from './browser.ts';

const long = `a-name-that-somebody-gave-without-thinking-of-tables-${'x'.repeat(70)}`;

/** Runs in the page; text, because its types are the browser's. */
const measure = `(() => {
  const main = document.querySelector('#main');
  return {
    over: document.documentElement.scrollWidth > window.innerWidth || main.scrollWidth > main.clientWidth,
    error: document.querySelector('[role=alert]')?.textContent ?? null,
  };
})()`;

const router = readFileSync(join(import.meta.dirname, '../../web/app/router.tsx'), 'utf8');
/** The addresses of all pages, as the router has them: "/serving/$name". */
const addresses = [...router.matchAll(/page\('([^']+)'/g)].map(([, address]) => address ?? '');

describeInBrowser('Every page', {}, (suite) => {
  const paths: string[] = [];

  beforeAll(async () => {
    const { client, url } = suite.houston;
    const post = async (target: string, body: Uint8Array | string, type: string) => {
      const response = await fetch(url + target, {
        method: 'POST',
        headers: { 'content-type': type },
        body: typeof body === 'string' ? body : Buffer.from(body),
      });
      expect(response.ok, `${target}: ${response.status}`).toBe(true);
      return (await response.json()) as { id: string };
    };
    await client.put(`/api/data/datasets/${long}`, { description: `Words without end. ${long}` });
    await post(`/api/data/datasets/${long}/versions`, 'a,b\n1,x\n2,y\n', 'text/csv');
    const bytes = logisticModel({ weights: [1, -1] });
    await post(`/api/registry/models/${long}/versions`, bytes, 'application/octet-stream');
    await client.put(`/api/serving/deployments/${long}`, { model: long, environment: 'prod' });
    const rollout = await client.post<{ id: string }>(`/api/serving/deployments/${long}/deploy`, {
      model: long,
    });
    const question = { inputs: [{ name: 'features', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] };
    const answer = await post(`/v2/models/${long}/infer`, JSON.stringify(question), 'application/json');
    const runs: string[] = [];
    for (const depth of ['3', '4']) {
      const run = await client.post<{ id: string }>('/api/experiments/runs', {
        experiment: long,
        name: `${long}-${depth}`,
        params: { depth },
      });
      runs.push(run.id);
    }
    await client.put(`/api/pipelines/${long}`, {
      jobs: { validate: { uses: 'data/validate', with: { dataset: long } } },
    });
    const run = await client.post<{ id: string }>(`/api/pipelines/${long}/runs`, {});
    const events = await client.get<{ items: { id: string }[] }>('/api/ledger/events?limit=1');
    paths.push(
      '/',
      '/data',
      `/data/${long}`,
      `/data/${long}?tab=versions`,
      '/features',
      '/experiments',
      `/experiments/${long}`,
      `/experiments/${long}?tab=models`,
      `/experiments/${long}?tab=traces`,
      `/experiments/${long}/traces`,
      `/experiments/runs/${runs[0]}`,
      `/experiments/runs/compare?runs=${runs.join()}`,
      '/pipelines',
      `/pipelines/${long}`,
      `/pipelines/runs/${run.id}`,
      '/registry',
      '/registry?show=prompts',
      `/registry/${long}`,
      `/registry/${long}/compare`,
      `/registry/${long}/1`,
      '/serving',
      `/serving/${long}`,
      `/serving/${long}?tab=traffic`,
      `/serving/rollouts/${rollout.id}`,
      `/serving/predictions/${answer.id}`,
      '/monitoring',
      `/monitoring/${long}`,
      '/governance',
      '/governance?tab=inventory',
      '/insights',
      '/ledger',
      `/ledger/why?subject=model:${long}/1`,
      `/ledger/events/${events.items[0]?.id}`,
      '/settings',
    );
  });

  it.each(['light', 'dark'] as const)(
    'shows itself in %s without an error in the console, and fits 1280 pixels',
    async (scheme) => {
      const { page, problems } = await suite.open({ scheme });
      const wide: string[] = [];
      const failed: string[] = [];
      for (const target of paths) {
        await page.goto(suite.houston.url + target);
        await page.locator('h1').waitFor();
        await page.locator('.skeleton').first().waitFor({ state: 'detached' });
        const found = await page.evaluate<{ over: boolean; error: string | null }>(measure);
        if (found.over) wide.push(target);
        if (found.error) failed.push(`${target}: ${found.error}`);
      }
      expect(wide).toEqual([]);
      expect(failed).toEqual([]);
      expect(problems).toEqual([]);
    },
  );

  it('is in the list above, or has a test of its own', () => {
    const elsewhere = [
      '/features/$name',
      '/monitoring/incidents/$id',
      // approval.test.ts
      '/governance/approvals/$id',
      // traces.test.ts
      '/experiments/traces/$trace',
    ];
    const seen = paths.map((path) => path.replace(/\?.*/, ''));
    const unseen = addresses.filter((address) => {
      const pattern = new RegExp(`^${address.replaceAll(/\$\w+/g, '[^/]+')}$`);
      return !seen.some((path) => pattern.test(path));
    });
    expect(unseen.sort()).toEqual(elsewhere.sort());
  });

  it('is walked by keys alone: to a list, into a row, along its tabs', async () => {
    const { page, problems } = await suite.open();
    await page.goto(suite.houston.url);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.getByRole('heading', { level: 1, name: 'Deployments' }).waitFor();
    await page.getByText(long).first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('a-name');
    for (let presses = 0; presses < 12; presses++) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate('document.activeElement.getAttribute("role")')) === 'grid') break;
    }
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: long }).waitFor();
    await page.getByRole('tab', { selected: true }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tab', { name: 'Traffic', selected: true }).waitFor();
    expect(page.url()).toContain('tab=traffic');
    expect(problems).toEqual([]);
  });

  it('opens a box of a graph by Enter, and shows which has the focus', async () => {
    const { page, problems } = await suite.open();
    await page.goto(`${suite.houston.url}/pipelines/${long}`);
    const box = page.locator('.react-flow__node').first();
    await box.waitFor();
    await page.getByRole('link', { name: 'Pipelines' }).last().focus();
    for (let presses = 0; presses < 20; presses++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate('document.activeElement.classList.contains("react-flow__node")')) break;
    }
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('Enter');
    await page.waitForURL('**job=validate**');
    expect(problems).toEqual([]);
  });

  it('says so when there is nothing at an address', async () => {
    const { page, expectStatus } = await suite.open();
    expectStatus(404);
    await page.goto(`${suite.houston.url}/nowhere/at/all`);
    await page.getByText('No page has this address').waitFor();
  });
});
