import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type HoustonClient } from '../src/client/client.ts';
import { type Houston, startHouston } from '../src/main.ts';
import { type ConfigOptions, readConfig } from '../src/platform/config.ts';
import { createLogger } from '../src/platform/log.ts';

export type TestHouston = Houston & { client: HoustonClient; dataDir: string; end(): Promise<void> };

/** The whole server, in this process, on a free port and a data folder of its own. */
export async function startTestHouston(options: ConfigOptions = {}): Promise<TestHouston> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'houston-test-'));
  const houston = await startHouston(readConfig({ port: 0, ...options, dataDir }, {}), {
    log: createLogger('error'),
  });
  const client = createClient({ url: houston.url });
  return {
    ...houston,
    client,
    dataDir,
    async end() {
      client.close();
      await houston.close();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
