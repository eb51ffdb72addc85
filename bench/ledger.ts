// Appends to the ledger, each event in a transaction of its own, and proves the whole chain, on SQLite.
// node bench/ledger.ts [--events 200000]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../src/platform/config.ts';
import { migrate } from '../src/platform/db/migrate.ts';
import { ledgerMigrations, record, verifyLedger } from '../src/platform/ledger/index.ts';
import { createLogger } from '../src/platform/log.ts';
import { createPlatform } from '../src/platform/platform.ts';
import { transact } from '../src/platform/scope.ts';

const { values } = parseArgs({ options: { events: { type: 'string', default: '100000' } } });
const count = Number(values.events);
const dataDir = mkdtempSync(join(tmpdir(), 'houston-bench-'));
const platform = await createPlatform(readConfig({ dataDir, port: 0 }, {}), { log: createLogger('error') });
await migrate(platform.db, ledgerMigrations);
const scope = platform.systemScope('system:bench');

const begin = performance.now();
for (let i = 0; i < count; i++) {
  await transact(scope, (tx) =>
    record(tx, {
      type: 'bench.thing.made',
      subject: `thing:${i % 1000}`,
      data: { n: i, text: 'a change of state as it usually looks', share: i / 7 },
      uses: i % 4 === 0 ? [`dataset:d@${i % 50}`] : [],
    }),
  );
}
const appended = performance.now() - begin;
console.log(
  `append: ${Math.round((count / appended) * 1000).toLocaleString('en')} events/s, one transaction each`,
);

const start = performance.now();
const result = await verifyLedger(scope, platform.ledger.book);
const verified = performance.now() - start;
if (!result.ok || result.events !== count) throw new Error(`Not verified: ${JSON.stringify(result)}`);
console.log(`verify: ${Math.round((count / verified) * 1000).toLocaleString('en')} events/s`);
await platform.close();
rmSync(dataDir, { recursive: true, force: true });
