import type { Command } from 'commander';
import { createClient, type HoustonClient } from '../client/client.ts';

/** Options that every command takes. */
export type CommonOptions = { url?: string; token?: string; json?: boolean };

/** Runs a command against the server, closes the connection, and turns errors into an exit code. */
export type WithClient = <T extends CommonOptions>(
  options: T,
  work: (client: HoustonClient) => Promise<void>,
) => Promise<void>;

export const withClient: WithClient = async (options, work) => {
  const client = createClient({ url: options.url, token: options.token });
  try {
    await work(client);
  } finally {
    client.close();
  }
};

/** Adds the options that every command takes. */
export function common(command: Command): Command {
  return command
    .option('--url <url>', 'address of the server (default HOUSTON_URL, else http://127.0.0.1:1969)')
    .option('--token <token>', 'bearer token (default HOUSTON_TOKEN)')
    .option('--json', 'print JSON');
}
