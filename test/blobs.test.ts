import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openLocalBlobs } from '../src/platform/blobs/blobs.ts';
import { readConfig } from '../src/platform/config.ts';
import { describeBlobStore } from './blob-store-contract.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describeBlobStore('local folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'houston-blobs-'));
  folders.push(folder);
  return { blobs: openLocalBlobs(readConfig({ dataDir: folder }, {})), folder };
});
