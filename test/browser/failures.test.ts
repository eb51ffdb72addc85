import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser } from './browser.ts';

const router = readFileSync(join(import.meta.dirname, '../../web/app/router.tsx'), 'utf8');
/** The addresses of all pages, as the router has them: "/serving/$name". */
const addresses = [...router.matchAll(/page\('([^']+)'/g)].map(([, address]) => address ?? '');
const objects = addresses.filter((address) => address.includes('$'));
const filled = (address: string, value: string) =>
  address.replaceAll(/\$version/g, '7').replaceAll(/\$\w+/g, value);

/** Answers what pages read with an error; who is asking, and what happens meanwhile, stay readable. */
async function refuse(page: Page, status: number, body: string): Promise<void> {
  await page.route('**/api/**', (route) =>
    /\/api\/(auth|events|health)/.test(route.request().url())
      ? route.fallback()
      : route.fulfill({ status, body, contentType: 'application/json' }),
  );
}

describeInBrowser('A page whose object', {}, (suite) => {
  it.each([
    ['is gone', 'gone'],
    ['has a name that none can have', 'no:such name'],
  ])('%s says so, and leads back', { timeout: 240_000 }, async (_, value) => {
    const { page, problems, expectStatus } = await suite.open();
    expectStatus(400, 404);
    expect(objects.length).toBeGreaterThan(15);
    for (const address of objects) {
      const target = filled(address, encodeURIComponent(value));
      await page.goto(suite.houston.url + target);
      await page.getByText('It may have been removed').waitFor();
      const main = page.locator('#main');
      expect(await main.getByText('pattern').count(), `${target} speaks of patterns`).toBe(0);
      expect(await main.locator('button, .skeleton').count(), `${target} offers what cannot be done`).toBe(0);
      await main.getByRole('link', { name: /^Back to/ }).waitFor();
    }
    expect(problems).toEqual([]);
  });

  it.each([
    [
      403,
      {
        error: { code: 'platform.auth.forbidden', message: 'You may not read this.', next: 'Ask an admin.' },
      },
    ],
    [500, 'the proxy is upset'],
  ])('cannot be read (%i) says why and what to do', { timeout: 240_000 }, async (status, body) => {
    const { page, problems, expectStatus } = await suite.open();
    expectStatus(status);
    await refuse(page, status, typeof body === 'string' ? body : JSON.stringify(body));
    // What these show stands in the address, and nothing stands there.
    const plain = ['/experiments/runs/compare', '/ledger/why'];
    for (const address of addresses.filter((one) => !plain.includes(one))) {
      await page.goto(suite.houston.url + filled(address, 'thing'));
      const alert = page.locator('#main').getByRole('alert').first();
      await alert.getByText(status === 403 ? 'You may not read this.' : 'The server answered 500.').waitFor();
      await alert.getByText(status === 403 ? 'Ask an admin.' : 'look into the log').waitFor();
      await alert.getByRole('button', { name: 'Try again' }).waitFor();
      expect(await page.locator('#main .skeleton').count(), `${address} waits on`).toBe(0);
    }
    expect(problems).toEqual([]);
  });

  it('can be read again shows itself after one more try', async () => {
    const { page, expectStatus } = await suite.open();
    expectStatus(500);
    await suite.houston.client.put('/api/data/datasets/flights', { description: 'Of 2001' });
    await refuse(page, 500, 'no');
    await page.goto(`${suite.houston.url}/data/flights`);
    const again = page.getByRole('button', { name: 'Try again' });
    await again.waitFor();
    await page.unrouteAll();
    await again.click();
    await page.getByText('Of 2001').waitFor();
    await page.getByRole('button', { name: 'Upload data' }).waitFor();
  });
});
