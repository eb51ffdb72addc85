import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { NewSpan } from '../../src/domains/experiments/traces/spans/spans.model.ts';
import { tracking } from '../../src/domains/experiments/tracking.door.ts';
import { clientVersion } from '../mlflow/python-client.ts';
import { logisticModel } from '../serving/models.ts';
import { describeInBrowser } from './browser.ts';

const attack = '<img src=x onerror="top.hacked=1"><script>top.hacked=1</script>';
const hex = (number: number) => number.toString(16).padStart(16, '0');
const bigId = `tr-${'b'.repeat(32)}`;
const BIG = 30_000;

/** A trace of one root, 60 blocks below it, and the rest below those; the last span failed. */
function bigTrace(): NewSpan[] {
  const start = 1_700_000_000_000_000_000n;
  return Array.from({ length: BIG }, (_, at) => ({
    traceId: bigId,
    id: hex(at + 1),
    parentId: at === 0 ? null : hex(at <= 60 ? 1 : 2 + (at % 60)),
    name: at === 0 ? 'root' : at <= 60 ? `block ${at}` : `step ${at}`,
    startNs: start + BigInt(at) * 100_000n,
    endNs: start + (at <= 60 ? BigInt(BIG) * 100_000n : BigInt(at + 9) * 100_000n),
    status: at === BIG - 1 ? 'ERROR' : 'OK',
    statusMessage: '',
    attributes: { at: BigInt(at) },
    events: [],
    links: [],
    resource: {},
  }));
}

describeInBrowser('The pages of traces and of the registry', {}, (suite) => {
  /** Nothing of what was shown ran, or became an element that could. */
  const calm = async (page: Page) => {
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    expect(await page.locator('#main img, #main script, #main a[href^=javascript]').count()).toBe(0);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
  };

  it.runIf(clientVersion)(
    'shows, filters, judges and deletes what the client traced, and runs nothing that it says',
    { timeout: 600_000 },
    async () => {
      const { url } = suite.houston;
      const { stdout } = await promisify(execFile)(
        process.env.HOUSTON_TEST_PYTHON ?? '',
        [join(import.meta.dirname, 'traces.py'), attack],
        {
          env: {
            ...process.env,
            MLFLOW_TRACKING_URI: url,
            MLFLOW_DISABLE_TELEMETRY: 'true',
            PYTHONWARNINGS: 'ignore',
          },
        },
      );
      const [first, hostile] = stdout.match(/tr-[0-9a-f]{32}/g) ?? [];
      const { page, problems, expectStatus } = await suite.open({ width: 1440, height: 900 });
      expectStatus(400);

      await page.goto(`${url}/experiments/empty?tab=traces`);
      await page.getByText('This experiment has no trace yet').waitFor();
      await page.getByText('@mlflow.trace').waitFor();
      await page.getByText('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT').waitFor();

      await page.goto(`${url}/experiments/chat?tab=traces`);
      const grid = page.getByRole('grid', { name: 'traces' });
      await grid.getByRole('link', { name: attack }).waitFor();
      expect(await grid.getByRole('link', { name: 'answer' }).count()).toBe(7);
      await grid.getByText('question 3').waitFor();
      await grid.getByText('team: ops').waitFor();
      await grid.getByText(/correct: yes/).waitFor();
      const filter = page.getByRole('textbox', { name: 'Filter traces' });
      await filter.fill("status = 'ERROR' AND span.nome = 'retrieve'");
      await filter.press('Enter');
      await page.getByRole('alert').waitFor();
      await filter.fill("status = 'ERROR' AND span.name = 'retrieve'");
      await filter.press('Enter');
      await grid.getByText('fail', { exact: true }).waitFor();
      expect(await grid.getByRole('link').count()).toBe(1);
      expect(page.url()).toContain('traces=status');
      await filter.fill('');
      await filter.press('Enter');
      await grid.getByText('question 3').waitFor();

      // What arrives while the page is open stands on top without a reload.
      const scope = suite.houston.platform.systemScope('user:test');
      const chat = await tracking.getExperimentByName(scope, 'chat');
      const late = { ...bigTrace()[0]!, traceId: `tr-${'c'.repeat(32)}`, name: 'late' };
      late.startNs = BigInt(Date.now()) * 1_000_000n;
      late.endNs = late.startNs + 5_000_000n;
      await tracking.recordSpans(scope, [late], { experimentId: chat.id });
      await grid.getByRole('link', { name: 'late' }).waitFor();
      await grid.getByRole('checkbox', { name: 'Tick late' }).check();
      await page.getByRole('button', { name: 'Delete 1 trace' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await grid.getByRole('link', { name: 'late' }).waitFor({ state: 'detached' });
      await page.goto(`${url}/experiments/chat/traces?range=15m&torder=execution_time_ms+DESC`);
      await grid.getByText('May I have a refund?').waitFor();
      await calm(page);

      await page.goto(`${url}/experiments/chat?tab=models`);
      const models = page.getByRole('grid', { name: 'logged-models' });
      await models.getByText('drafted').waitFor();
      await models.getByText(`depth: ${attack}`).waitFor();
      await calm(page);

      const { items } = await suite.houston.client.get<{ items: { run: string | null }[] }>(
        '/api/experiments/chat/traces',
      );
      await page.goto(`${url}/experiments/runs/${items.find(({ run }) => run)?.run}?tab=traces`);
      await grid.getByText('May I have a refund?').waitFor();
      expect(await grid.getByRole('link').count()).toBe(1);

      await page.goto(`${url}/experiments/traces/${first}`);
      const tree = page.getByRole('tree', { name: 'Spans' });
      const pane = page.getByRole('region', { name: 'The chosen span' });
      await pane.getByText('May I have a refund?').waitFor();
      await tree.focus();
      await tree.press('ArrowDown');
      await pane.getByText('page_content').waitFor();
      await tree.press('ArrowDown');
      await pane.getByText('Be kind.').waitFor();
      await pane.getByText('16: 11 in, 5 out').waitFor();
      await page.waitForURL('**span=**');
      await page.reload();
      await pane.getByText('Be kind.').waitFor();
      await tree.focus();
      await tree.press('ArrowLeft');
      await tree.press('ArrowLeft');
      expect(await tree.getByRole('treeitem').count()).toBe(1);
      await tree.press('ArrowRight');
      expect(await tree.getByRole('treeitem').count()).toBe(3);
      await page.getByRole('link', { name: /^…[0-9a-f]{6}$/ }).waitFor();

      await page.getByRole('button', { name: 'Add', exact: true }).first().click();
      const drawer = page.getByRole('dialog');
      await drawer.getByLabel('Name').fill('tone');
      await drawer.getByText('Number', { exact: true }).click();
      await drawer.getByRole('textbox', { name: 'Value' }).fill('0.75');
      await drawer.getByLabel('Why').fill(attack);
      await drawer.getByRole('button', { name: 'Save' }).click();
      const row = page.getByRole('row', { name: /tone/ });
      await row.getByText('0.75').waitFor();
      await row.getByRole('button', { name: 'Correct tone' }).click();
      await drawer.getByRole('textbox', { name: 'Value' }).fill('0.25');
      await drawer.getByRole('button', { name: 'Save' }).click();
      await row.getByText('0.25').waitFor();
      await row.getByRole('button', { name: 'Take back tone' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click();
      await row.waitFor({ state: 'detached' });
      await calm(page);

      await page.goto(`${url}/experiments/traces/${hostile}`);
      await pane.getByText(attack).first().waitFor();
      await pane.getByText('javascript:top.hacked=1').waitFor();
      expect(await pane.getByText(attack).count()).toBeGreaterThan(5);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'Download' }).click(),
      ]);
      const chunks: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
      expect(JSON.stringify(JSON.parse(Buffer.concat(chunks).toString()))).toContain(
        'javascript:top.hacked=1',
      );
      await calm(page);

      await page.goto(`${url}/registry`);
      await page.getByText('Prompts', { exact: true }).click();
      await page.getByText('greeting').click();
      await page.getByText('fills name').waitFor();
      await page.getByRole('combobox', { name: 'Compare with' }).click();
      await page.getByRole('option', { name: 'version 1' }).click();
      await page.getByText('From version 1 to 2: 1 line removed, 2 lines added').waitFor();
      await page.getByRole('button', { name: /^1/ }).click();
      await page.getByText('From version 1 to 2').waitFor({ state: 'detached' });
      await calm(page);
      await page.goto(`${url}/registry/talk`);
      await page.getByText('You are {{who}}.').waitFor();
      expect(problems).toEqual([]);
    },
  );

  it('walks, searches and folds a trace of 30,000 spans without drawing them all', {
    timeout: 600_000,
  }, async () => {
    const scope = suite.houston.platform.systemScope('user:test');
    const experimentId = await tracking.createExperiment(scope, { name: 'big' });
    const spans = bigTrace();
    for (let from = 0; from < BIG; from += 2000) {
      await tracking.recordSpans(scope, spans.slice(from, from + 2000), { experimentId });
    }
    const { page, problems } = await suite.open({ width: 1440, height: 900 });
    const root = spans[0]!;
    const many = Array.from({ length: 230 }, (_, at) => ({
      ...root,
      traceId: `tr-${hex(at).padStart(32, 'd')}`,
      name: `trace ${at}`,
      startNs: root.startNs + BigInt(at + 1) * 1_000_000_000n,
      endNs: root.startNs + BigInt(at + 2) * 1_000_000_000n,
    }));
    await tracking.recordSpans(scope, many, { experimentId });
    await page.goto(`${suite.houston.url}/experiments/big/traces`);
    const grid = page.getByRole('grid', { name: 'traces' });
    await grid.getByText('trace 229').waitFor();
    await page.getByText('More follow').waitFor();
    // Each page is read when the end of those before comes near.
    await expect
      .poll(async () => {
        await grid.focus();
        await grid.press('End');
        return grid.getByRole('link', { name: 'root' }).count();
      })
      .toBe(1);
    expect(await page.getByText('All that match are here.').count()).toBe(1);
    await grid.press('Enter');
    await page.waitForURL(`**/${bigId}`);

    await page.goto(`${suite.houston.url}/experiments/traces/${bigId}?span=${hex(20_000)}`);
    const tree = page.getByRole('tree', { name: 'Spans' });
    await tree.locator('[aria-selected=true]').getByText('step 19999').waitFor();
    expect(await tree.getByRole('treeitem').count()).toBeLessThan(80);
    await page.getByRole('button', { name: 'Next of 1 failed span' }).click();
    await tree
      .locator('[aria-selected=true]')
      .getByText(`step ${BIG - 1}`)
      .waitFor();
    await page.getByRole('button', { name: 'Collapse all' }).click();
    await tree
      .locator('[aria-selected=true]')
      .getByText(/^block/)
      .waitFor();
    const search = page.getByRole('textbox', { name: 'Search the spans' });
    await search.fill('step 123');
    await search.press('Enter');
    await page.getByText(/^\d+ of 111$/).waitFor();
    await tree.focus();
    await tree.press('Home');
    await tree.locator('[aria-selected=true]').getByText('root').waitFor();
    await page.getByText('Zoom to the span').click();
    await page.getByText('Whole timeline').waitFor();
    expect(problems).toEqual([]);
  });

  it('notes, names and compares versions of a model', { timeout: 600_000 }, async () => {
    const { url } = suite.houston;
    for (const weights of [
      [1, -1],
      [2, -1],
    ]) {
      const response = await fetch(`${url}/api/registry/models/scores/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: Buffer.from(logisticModel({ weights })),
      });
      expect(response.status).toBe(201);
    }
    const { page, problems } = await suite.open({ width: 1440, height: 900 });
    await page.goto(`${url}/registry/scores`);
    await page.getByRole('button', { name: 'Change description' }).click();
    await page.getByRole('textbox', { name: 'Description' }).fill(attack);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('.in-place .markdown').getByText(attack).waitFor();
    await page.getByRole('textbox', { name: 'New tag', exact: true }).fill('team');
    await page.getByRole('textbox', { name: 'Value of the new tag' }).fill('ops');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const tag = page.getByRole('textbox', { name: 'Value of team' });
    await tag.fill('risk');
    await tag.press('Enter');
    await expect
      .poll(() =>
        suite.houston.client.get<{ tags: object }>('/api/registry/models/scores').then((m) => m.tags),
      )
      .toEqual({ team: 'risk' });
    await page.getByRole('button', { name: 'Remove team' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await tag.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Set an alias' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Set @candidate' }).click();
    await page.getByRole('button', { name: 'Take @candidate away' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Take it away' }).click();
    await page.getByRole('button', { name: 'Take @candidate away' }).waitFor({ state: 'detached' });

    await page.getByRole('checkbox', { name: 'Compare version 1' }).check();
    await page.getByRole('checkbox', { name: 'Compare version 2' }).check();
    await page.getByRole('button', { name: 'Compare version 1 with 2' }).click();
    await page.getByRole('cell', { name: 'Digest' }).waitFor();
    expect(await page.getByRole('cell', { name: 'Flavour' }).count()).toBe(0);
    await page.getByRole('switch', { name: 'also what is the same' }).check();
    await page.getByRole('cell', { name: 'Flavour' }).waitFor();
    await page.getByRole('rowheader', { name: 'Inputs' }).waitFor();
    await calm(page);
    expect(problems).toEqual([]);
  });
});
