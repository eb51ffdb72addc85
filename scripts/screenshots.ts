/**
 * Takes the pictures of the documentation from a running server with the finished demo in it:
 * node scripts/screenshots.ts http://127.0.0.1:1969 [docs/images]
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

type List<Item> = { items: Item[] };

const [url = 'http://127.0.0.1:1969', folder = join(import.meta.dirname, '../docs/images')] =
  process.argv.slice(2);

async function list<Item>(path: string): Promise<Item[]> {
  const response = await fetch(url + path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return ((await response.json()) as List<Item>).items;
}

/** The page of each picture, found by what the demo leaves behind. */
async function pages(): Promise<Record<string, string>> {
  const [deployment] = await list<{ name: string }>('/api/serving/deployments');
  if (!deployment) throw new Error('This server has no deployment; run `npm run demo` first.');
  const rollouts = await list<{ id: string; state: string }>(
    `/api/serving/deployments/${deployment.name}/rollouts`,
  );
  const rollout = rollouts.find(({ state }) => state === 'promoted' || state === 'rolled-back');
  type Verdict = { data: { model: string; version: number } };
  const refused = await list<Verdict>('/api/ledger/events?type=registry.gate.refused&limit=1');
  const passed = await list<Verdict>('/api/ledger/events?type=registry.gate.passed&limit=1');
  const gate = refused[0] ?? passed[0];
  if (!rollout || !gate) throw new Error('The demo has not come to its rollout and gate yet.');
  return {
    overview: '/',
    monitoring: `/monitoring/${deployment.name}`,
    rollout: `/serving/rollouts/${rollout.id}`,
    gate: `/registry/${gate.data.model}/${gate.data.version}`,
  };
}

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.HOUSTON_TEST_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
for (const [name, path] of Object.entries(await pages())) {
  await page.goto(url + path);
  await page.locator('h1').waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached', timeout: 20_000 });
  await page.getByText('Live', { exact: true }).waitFor();
  await page.waitForTimeout(1500);
  const file = join(folder, `${name}.png`);
  await page.screenshot({ path: file });
  console.info(file);
}
await browser.close();
