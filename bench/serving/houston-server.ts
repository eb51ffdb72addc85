/** Child of the benchmarks: the whole server on free ports with a data folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHouston } from '../../src/main.ts';
import { readConfig } from '../../src/platform/config.ts';
import { createLogger } from '../../src/platform/log.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'houston-bench-'));
process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }));
const server = await startHouston(readConfig({ port: 0, dataDir }, {}), { log: createLogger('error') });
process.on('message', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
process.send?.({ url: server.url, grpc: server.grpc, pid: process.pid });
