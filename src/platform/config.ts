import { mkdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { HoustonError } from './errors.ts';
import type { LogLevel } from './log.ts';

export type ConfigOptions = {
  port?: number;
  host?: string;
  dataDir?: string;
  /** postgres://… moves the metadata from SQLite to PostgreSQL. */
  database?: string;
  auth?: boolean;
  /** Further names by which callers may address the server (Host header). */
  allowedHosts?: readonly string[];
  logLevel?: LogLevel;
};

export type Config = Readonly<{
  port: number;
  host: string;
  dataDir: string;
  database: string | null;
  auth: boolean;
  allowedHosts: readonly string[];
  logLevel: LogLevel;
}>;

/** True for names and addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

/**
 * Reads the configuration once from options, then the environment (`HOUSTON_PORT`, `HOUSTON_HOST`,
 * `HOUSTON_DATA_DIR`, `HOUSTON_DATABASE`, `HOUSTON_AUTH`, `HOUSTON_ALLOWED_HOSTS`, `HOUSTON_LOG`),
 * checks it and freezes it. Listening beyond loopback without authentication is refused.
 */
export function readConfig(options: ConfigOptions = {}, env: NodeJS.ProcessEnv = process.env): Config {
  const port = options.port ?? Number(env.HOUSTON_PORT ?? 1969);
  const host = options.host ?? env.HOUSTON_HOST ?? '127.0.0.1';
  const auth = options.auth ?? ['1', 'true'].includes(env.HOUSTON_AUTH ?? '');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new HoustonError('platform.config.invalid', 'The port is not a number from 0 to 65535.', {
      next: 'Set --port or HOUSTON_PORT, for example 1969.',
    });
  }
  if (!auth && !isLoopback(host)) {
    throw new HoustonError(
      'platform.config.unsafe',
      `Refusing to listen on ${host} without authentication.`,
      {
        next: 'Add --auth (the first start prints an administrator token), or listen on 127.0.0.1.',
      },
    );
  }
  const allowedHosts = options.allowedHosts ?? (env.HOUSTON_ALLOWED_HOSTS?.split(',').filter(Boolean) || []);
  return Object.freeze({
    port,
    host,
    dataDir: resolve(options.dataDir ?? env.HOUSTON_DATA_DIR ?? '.houston'),
    database: options.database ?? env.HOUSTON_DATABASE ?? null,
    auth,
    allowedHosts: Object.freeze([...allowedHosts]),
    logLevel: options.logLevel ?? (env.HOUSTON_LOG as LogLevel | undefined) ?? 'info',
  });
}

/** A folder below the data directory, made when missing, readable by its owner only. */
export function dataFolder(config: Config, ...parts: string[]): string {
  const folder = join(config.dataDir, ...parts);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
