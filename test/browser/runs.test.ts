import { expect, it } from 'vitest';
import { describeInBrowser } from './browser.ts';

const attack = '<img src=x onerror="top.hacked=1"><script>top.hacked=1</script>';
const report = `<html><head><meta http-equiv="refresh" content="0;url=http://attacker.invalid/"></head><body><h1>Report</h1><script>top.hacked = 1; parent.hacked = 1</script>
  <img src="data:image/png;base64,AAAA" onerror="top.hacked=1"><a id="out" href="javascript:top.hacked=1">out</a></body></html>`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="top.hacked=1"><script>top.hacked=1</script>
  <rect width="40" height="40" fill="teal"/></svg>`;

const notes = `# Read me\n\nA **bold** word, a [way out](https://example.invalid/) and [another](javascript:top.hacked=1).\n
![a picture](http://attacker.invalid/x.png)\n\n${attack}\n`;

describeInBrowser('The pages of experiments', {}, (suite) => {
  const post = <T>(path: string, body: Record<string, unknown>) => suite.houston.client.post<T>(path, body);
  const start = (experiment: string, name: string, params: Record<string, string>, tags = {}) =>
    post<{ id: string }>('/api/experiments/runs', { experiment, name, params, tags });
  const log = (id: string, key: string, values: number[]) =>
    post(`/api/experiments/runs/${id}/metrics`, {
      metrics: values.map((value, step) => ({ key, value, step })),
    });

  it('filters, orders, groups and chooses columns, and keeps all of it in the address', async () => {
    for (let i = 0; i < 30; i++) {
      const { id } = await start('sweep', `run-${i}`, { depth: String(i % 3), model: 'tree' });
      await log(id, 'auc', [i / 100, i / 50]);
      await log(id, 'loss', [1 - i / 100]);
      if (i > 0) await post(`/api/experiments/runs/${id}/finish`, {});
    }
    const { page, problems, expectStatus } = await suite.open({ width: 1440 });
    expectStatus(400);
    await page.goto(`${suite.houston.url}/experiments/sweep`);
    const grid = page.getByRole('grid', { name: 'runs' });
    await grid.getByRole('link', { name: 'run-29', exact: true }).waitFor();

    await grid.getByRole('button', { name: 'auc', exact: true }).click();
    await page.waitForURL('**sort=-metrics.auc**');
    await grid.getByRole('button', { name: 'auc', exact: true }).click();
    await grid.locator('[aria-rowindex="2"]').getByText('run-0', { exact: true }).waitFor();

    const filter = page.getByRole('textbox', { name: 'Filter runs' });
    await filter.click();
    await page.keyboard.type('metrics.au');
    await page.getByRole('option', { name: /metrics\.auc/ }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Escape');
    await filter.fill("metrics.auc > 0.3 AND params.depth = '1'");
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await page.getByText('5 runs', { exact: true }).waitFor();
    expect(decodeURIComponent(page.url())).toContain("params.depth+=+'1'");

    await filter.fill('metrics.auc > 0.3 OR x');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await page.getByText('clauses are joined by AND').waitFor();
    expect(await page.locator('.filter-mark').textContent()).toBe('OR');
    await filter.fill('');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await page.getByText('30 runs', { exact: true }).waitFor();

    await page.getByRole('button', { name: /^Columns/ }).click();
    await page.getByRole('textbox', { name: 'Search columns' }).fill('loss');
    await page.getByRole('checkbox', { name: /loss/ }).uncheck();
    await page.keyboard.press('Escape');
    await page.waitForURL('**cols=**');
    expect(await grid.getByRole('columnheader', { name: /loss/ }).count()).toBe(0);
    await grid.getByRole('button', { name: 'Column auc' }).click({ force: true });
    await page.getByRole('menuitem', { name: 'Pin to the left' }).click();
    await page.waitForURL('**pin=metrics.auc**');
    await page.reload();
    await grid.locator('.runs-fixed').getByRole('button', { name: 'auc', exact: true }).waitFor();
    expect(await grid.getByRole('columnheader', { name: /loss/ }).count()).toBe(0);

    await page.goto(`${suite.houston.url}/experiments/sweep?group=params.depth`);
    const groups = page.getByRole('grid', { name: 'groups' });
    await groups.getByText('0.2700').first().waitFor();
    await groups.getByRole('row').nth(1).click();
    await page.getByText('10 runs', { exact: true }).waitFor();
    expect(problems).toEqual([]);
  });

  it('shows a run that goes on, deletes runs after asking, and restores them', async () => {
    const { id } = await start('live', 'first', { lr: '0.1' });
    const { page, problems } = await suite.open();
    await page.goto(`${suite.houston.url}/experiments/live`);
    const grid = page.getByRole('grid', { name: 'runs' });
    await grid.getByRole('link', { name: 'first', exact: true }).waitFor();
    await start('live', 'second', { lr: '0.2' });
    await grid.getByRole('link', { name: 'second', exact: true }).waitFor();

    await page.goto(`${suite.houston.url}/experiments/runs/${id}`);
    await page.getByText('No metric was logged.').waitFor();
    await log(id, 'loss', [0.5, 0.25, 0.125]);
    await page.getByRole('cell', { name: '0.1250' }).waitFor();
    await page.getByRole('button', { name: 'Edit' }).click();
    const drawer = page.getByRole('dialog');
    await drawer.getByLabel('Name').fill('renamed');
    await drawer.getByLabel('Description').fill('Why it was run.');
    await drawer.getByRole('textbox', { name: 'New tag', exact: true }).fill('team');
    await drawer.getByLabel('Value of the new tag').fill('ops');
    await drawer.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'renamed' }).waitFor();
    await page.getByText('Why it was run.').waitFor();
    await page.getByRole('cell', { name: 'ops' }).waitFor();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('This run is deleted').waitFor();
    await page.goto(`${suite.houston.url}/experiments/live?stage=deleted`);
    await grid.getByRole('checkbox', { name: 'Compare renamed' }).check();
    await page.getByRole('button', { name: 'Restore 1 run' }).click();
    await page.getByText('No run is deleted').waitFor();
    expect(problems).toEqual([]);
  });

  it('draws and compares runs, and opens every kind of file without running what is in it', async () => {
    const { houston } = suite;
    const scope = houston.platform.systemScope('user:test');
    const ids: string[] = [];
    for (const name of [attack, 'plain']) {
      const { id } = await start(
        'files',
        name,
        { lr: name === 'plain' ? '0.1' : attack },
        {
          note: attack,
          'mlflow.note.content': notes,
        },
      );
      await log(id, 'loss', [3, 2, name === 'plain' ? 1 : 0.5]);
      ids.push(id);
    }
    const files: Record<string, string | Buffer> = {
      'report.html': report,
      'plots/mark.svg': svg,
      'read.md': notes,
      'notes.txt': `one line\n${attack}`,
      'rows.csv': `name,score\n"${attack.replaceAll('"', '""')}",0.5\nb,0.25\n`,
      'config.json': JSON.stringify({ key: attack }),
      'table.json': JSON.stringify({ columns: ['q'], data: [[attack]] }),
      'long.log': 'x'.repeat(600_000),
      'model.bin': Buffer.from([0, 1, 2]),
    };
    for (const [path, content] of Object.entries(files)) {
      const blob = await houston.platform.blobs.put(Buffer.from(content));
      await houston.domains.experiments.logArtifacts(scope, ids[0]!, [
        { path, ...blob, mediaType: 'text/html' },
      ]);
    }
    const { page, problems } = await suite.open({ width: 1440 });
    const calm = async () => expect(await page.evaluate('window.hacked')).toBeUndefined();

    await page.goto(`${houston.url}/experiments/files`);
    await page.getByRole('link', { name: attack }).waitFor();
    await page.getByRole('checkbox', { name: 'Compare plain' }).check();
    await page.getByRole('checkbox', { name: `Compare ${attack}` }).check();
    await page.getByRole('button', { name: 'Compare 2 runs' }).click();
    await page.getByText('1 of 1 params differ').waitFor();
    await page.getByRole('img', { name: 'loss of 2 runs' }).first().locator('canvas').first().waitFor();
    await page.getByText('Scatter', { exact: true }).click();
    await page.waitForURL('**relation=scatter**');
    await calm();
    await page.goto(
      `${houston.url}/experiments/files?tab=charts&pick=${ids.join(',')}&smooth=0.5&x=relative`,
    );
    await page.getByText('6 points').waitFor();
    await calm();

    const open = async (file: string) => {
      await page.goto(
        `${houston.url}/experiments/runs/${ids[0]}?tab=artifacts&file=${encodeURIComponent(file)}`,
      );
      await page.getByRole('link', { name: 'Download' }).waitFor();
    };
    await open('notes.txt');
    await page.getByText('one line').waitFor();
    const overview = `${houston.url}/experiments/runs/${ids[0]}`;
    for (const show of [() => open('read.md'), () => page.goto(overview)]) {
      await show();
      const text = page.locator('.markdown');
      await text.getByRole('heading', { name: 'Read me' }).waitFor();
      expect(await text.locator('strong').textContent()).toBe('bold');
      expect(await text.locator('img, script').count()).toBe(0);
      const links = await text.locator('a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
      expect(links).toEqual(['https://example.invalid/', 'http://attacker.invalid/x.png']);
      expect(await text.locator('a').first().getAttribute('rel')).toBe('noreferrer noopener');
      await calm();
    }
    await open('rows.csv');
    await page.getByText('0.25', { exact: true }).waitFor();
    await open('table.json');
    await page.getByRole('gridcell', { name: attack }).waitFor();
    await open('config.json');
    await page.getByText('"key":').waitFor();
    await open('plots/mark.svg');
    const picture = page.getByRole('img', { name: 'plots/mark.svg' });
    await expect
      .poll(() => picture.evaluate((image) => (image as { naturalWidth?: number }).naturalWidth))
      .toBe(40);
    await open('long.log');
    await page.getByText('Only the first 500 kB of 600 kB are shown.').waitFor();
    await open('model.bin');
    await page.getByText('This file has no view').waitFor();
    await calm();
    expect(problems).toEqual([]);

    await open('report.html');
    const frame = page.frameLocator('iframe');
    await frame.getByRole('heading', { name: 'Report' }).waitFor();
    await frame.locator('#out').click({ force: true });
    await page.getByText('Source', { exact: true }).click();
    await page.getByText('<h1>Report</h1>').waitFor();
    await page.getByText('Page', { exact: true }).click();
    await frame.getByRole('heading', { name: 'Report' }).waitFor();
    await calm();
    expect(await page.locator('iframe').getAttribute('sandbox')).toBe('');
    // The browser says that it kept the scripts from running; nothing else may be wrong.
    expect(
      problems.filter((problem) => !/allow-scripts|Content Security Policy|javascript:/i.test(problem)),
    ).toEqual([]);
  });
});
