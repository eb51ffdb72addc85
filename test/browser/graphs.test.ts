import { beforeAll, expect, it } from 'vitest';
import { registerModels } from '../../examples/graphs/models.ts';
import { describeInBrowser } from './browser.ts';

const graph = `inputs: { channel: string }
nodes:
  fresh: { model: loans-new@champion }
  linear: { model: loans-linear@champion }
  risk:
    switch:
      - { when: months < 6, use: 'fresh.probabilities[1]' }
    default: linear.probabilities[1]
  score: { transform: { late: { clip: risk, low: 0.01, high: 0.99 }, web: "channel = 'web'" } }
`;

describeInBrowser('A graph', {}, (suite) => {
  beforeAll(() => registerModels(suite.houston.client));

  it('is written with its drawing and its faults beside it, deployed, and seen at work', async () => {
    const { page, problems } = await suite.open();
    await page.goto(`${suite.houston.url}/serving`);
    await page.getByRole('button', { name: 'Graph', exact: true }).click();
    const editor = page.getByRole('dialog');
    await editor.getByLabel('Deployment', { exact: true }).fill('loans');
    const text = editor.getByLabel('Graph as YAML');
    const send = editor.getByRole('button', { name: 'Declare and deploy' });
    await text.fill(graph.replace('months < 6', 'month < 6'));
    await editor.getByText(/Node "risk" reads "month", which is no node, feature or field/).waitFor();
    expect(await send.isDisabled()).toBe(true);
    await text.fill(graph);
    await editor.getByText('Takes channel BYTES[-1], features FP32[-1, 4]').waitFor();
    await editor.locator('[data-id="risk"]').waitFor();
    await send.click();

    await page.getByRole('heading', { name: 'loans', exact: true }).waitFor();
    await page.getByRole('heading', { name: 'Graph of version 1' }).waitFor();
    const rows = [...Array(8).keys()].flatMap((i) => [40, 10, i < 2 ? 3 : 30, 5]);
    await suite.houston.client.post('/v2/models/loans/infer', {
      id: 'seen',
      inputs: [
        { name: 'channel', datatype: 'BYTES', shape: [8], data: Array(8).fill('web') },
        { name: 'features', datatype: 'FP32', shape: [8, 4], data: rows },
      ],
    });
    await page.locator('.react-flow__edge', { hasText: '25 %' }).waitFor();
    await page.locator('[data-id="linear"]').click();
    const drawer = page.getByRole('dialog');
    await drawer.getByRole('link', { name: 'loans-linear version 1' }).waitFor();
    await drawer.getByText('6 in 1 runs since the start').waitFor();
    await page.keyboard.press('Escape');

    await page.goto(`${suite.houston.url}/serving/predictions/seen:0`);
    await page.getByRole('heading', { name: 'Through the graph' }).waitFor();
    await page.getByText(/Recorded: risk=fresh.probabilities\[1\]/).waitFor();
    await page.locator('[data-id="linear"]', { hasText: 'did not run' }).waitFor();
    expect(problems).toEqual([]);
  });
});
