import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, dataFolder } from './config.ts';
import { livenessOf, type ProcessIdentity, thisProcess } from './engines/process-identity.ts';
import { HoustonError } from './errors.ts';

/**
 * Takes the data folder for this process; two servers would write into each other's logs. A lock whose process has
 * died is taken over at once. Returns how to give it back. Raises platform.data_dir.in_use.
 */
export function lockDataFolder(config: Config): () => void {
  const file = join(dataFolder(config), 'server.lock');
  const holder = readHolder(file);
  const own = thisProcess();
  const isOther = holder !== undefined && (holder.pid !== own.pid || holder.startTime !== own.startTime);
  if (isOther && livenessOf(holder) === 'alive') {
    throw new HoustonError(
      'platform.data_dir.in_use',
      `Another server (process ${holder.pid}) uses the data folder ${config.dataDir}.`,
      { status: 409, next: 'Stop it, or name another folder with --data-dir.' },
    );
  }
  writeFileSync(file, JSON.stringify(own), { mode: 0o600 });
  return () => rmSync(file, { force: true });
}

function readHolder(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
