import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { compileService } from '../definition.model.ts';
import { flights } from '../flights.fixture.ts';
import { OnlineService } from './online-store.ts';

const root = mkdtempSync(join(tmpdir(), 'houston-crash-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Pushes batches of 50 rows without end and prints the number of each one that is acknowledged. */
const program = (folder: string) => `
import { compileService } from ${JSON.stringify(new URL('../definition.model.ts', import.meta.url).href)};
import { flights } from ${JSON.stringify(new URL('../flights.fixture.ts', import.meta.url).href)};
import { OnlineService } from ${JSON.stringify(new URL('./online-store.ts', import.meta.url).href)};
import { writeSync } from 'node:fs';
const online = new OnlineService(${JSON.stringify(folder)}, compileService('flights-delay', flights));
for (let b = 0; ; b++) {
  const rows = Array.from({ length: 50 }, (_, i) => b * 50 + i);
  online.push({
    date: rows.map((i) => Date.UTC(2001, 0, 1) + i * 100), delay: rows.map((i) => i % 40), distance: rows.map(() => 400),
    origin: rows.map((i) => 'A' + (i % 9)), destination: rows.map((i) => 'A' + (i % 7)),
  }, String(b));
  writeSync(1, b + '\\n');
}`;

it('keeps every acknowledged batch, and only whole ones, through kill -9 at random moments', async () => {
  for (let round = 0; round < 4; round++) {
    const folder = join(root, String(round));
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(folder)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      if (text === '') setTimeout(() => child.kill('SIGKILL'), 20 + round * 37);
      text += chunk;
    });
    await new Promise((done) => child.on('close', done));
    const acknowledged = text.split('\n').filter(Boolean).length;
    expect(acknowledged).toBeGreaterThan(0);
    const online = new OnlineService(folder, compileService('flights-delay', flights));
    const { rows } = online.state(compileService('flights-delay', flights));
    expect(rows % 50).toBe(0);
    expect(rows).toBeGreaterThanOrEqual(acknowledged * 50);
    expect(rows).toBeLessThanOrEqual((acknowledged + 1) * 50);
    online.close();
  }
});
