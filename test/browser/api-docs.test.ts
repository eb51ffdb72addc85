import { expect, it } from 'vitest';
import { describeInBrowser } from './browser.ts';

describeInBrowser('The browsable API', { auth: true }, (suite) => {
  it.each([
    ['light', 'rgb(245, 246, 248)'],
    ['dark', 'rgb(13, 16, 19)'],
  ] as const)('is drawn in %s, names its groups and fits 1100 pixels', async (scheme, ground) => {
    const { page, problems } = await suite.open({ scheme, width: 1100 });
    await page.goto(`${suite.houston.url}/docs`);
    await page.getByText('Datasets, their versions, expectations').waitFor();
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(ground);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    const groups: string[] = await page.evaluate(
      '[...document.querySelectorAll(".opblock-tag")].map((one) => one.dataset.tag)',
    );
    expect(groups.slice(0, 5)).toEqual(['data', 'features', 'experiments', 'pipelines', 'registry']);
    // Every group has its sentence: one that is new and not in the list would stand last and bare.
    expect(await page.locator('.opblock-tag small').count()).toBe(groups.length);
    expect(problems).toEqual([]);
  });

  it('sends the token that was given to it', async () => {
    const { page, problems, expectStatus } = await suite.open();
    expectStatus(401);
    await page.goto(`${suite.houston.url}/docs#/registry`);
    await page.getByText('/api/registry/models', { exact: true }).click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    const status = page.locator('.live-responses-table .response-col_status').last();
    await page.getByRole('button', { name: 'Execute' }).click();
    await status.getByText('401').waitFor();
    await page.locator('.scheme-container').getByRole('button', { name: 'Authorize' }).click();
    await page.locator('.auth-container input').fill(suite.houston.firstToken ?? '');
    await page.locator('.auth-btn-wrapper button[type=submit]').click();
    await page.locator('.auth-btn-wrapper .btn-done').click();
    await page.getByRole('button', { name: 'Execute' }).click();
    await status.getByText('200').waitFor();
    expect(problems).toEqual([]);
  });
});
