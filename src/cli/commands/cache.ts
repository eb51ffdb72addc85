import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, dim, green, line, show, yellow } from '../output.ts';

type CacheOptions = CommonOptions & { clear?: boolean; on?: boolean; off?: boolean; ttl?: number };
type Cache = {
  entries: number;
  bytes: number;
  maxBytes: number;
  hits: number;
  misses: number;
  hitShare: number | null;
  savedMs: number;
  ttlSeconds: number | null;
} | null;
type Deployment = {
  spec: { cache?: boolean | Record<string, number> };
  cache: Cache;
  route: { arm: string; version: number; uncached: string | null }[];
};

/** `houston cache NAME`: what the result cache of a deployment holds and spares; turns it on or off, or empties it. */
export function cacheCommands(program: Command): void {
  common(
    program
      .command('cache')
      .description('show the result cache of a deployment, turn it on or off, or forget what it holds'),
  )
    .argument('<deployment>')
    .addOption(new Option('--on', 'keep answers from the next request on').conflicts(['off', 'clear']))
    .addOption(new Option('--off', 'keep none any more').conflicts('clear'))
    .option('--clear', 'forget the answers that are kept')
    .addOption(
      new Option('--ttl <seconds>', 'with --on: age at which an answer is made anew')
        .argParser(seconds)
        .implies({ on: true }),
    )
    .action(async (deployment: string, options: CacheOptions) =>
      withClient(options, async (client) => {
        const path = `/api/serving/deployments/${encodeURIComponent(deployment)}`;
        if (options.clear) {
          const cleared = await client.delete<{ entries: number; bytes: number }>(`${path}/cache`);
          return show(options.json, cleared, ({ entries }) =>
            line(`${green('✓')} ${bold(deployment)} has forgotten ${entries} answers`),
          );
        }
        let found = await client.get<Deployment>(path);
        if (options.on || options.off) {
          const { cache, ...spec } = found.spec;
          const bounds = typeof cache === 'object' ? cache : {};
          const { ttl } = options;
          const own = ttl === undefined ? bounds : { ...bounds, ttlSeconds: ttl };
          found = await client.put<Deployment>(path, { ...spec, cache: options.on ? own : false });
        }
        show(options.json, found.cache, (held) => printCache(deployment, held, found.route));
      }),
    );
}

function printCache(deployment: string, cache: Cache, route: Deployment['route']): void {
  if (cache === null) {
    line(`${bold(deployment)} keeps no answers`);
    line(dim(`  next: houston cache ${deployment} --on`));
    return;
  }
  const { hits, misses, hitShare, entries, bytes, maxBytes, savedMs, ttlSeconds } = cache;
  const megabytes = (of: number) => `${(of / 1e6).toFixed(1)} MB`;
  const share = hitShare === null ? 'nothing asked yet' : `${(100 * hitShare).toFixed(1)} % hits`;
  line(`${bold(deployment)} ${share} ${dim(`· ${hits} of ${hits + misses} requests since the start`)}`);
  const age = ttlSeconds === null ? '' : `, each for at most ${ttlSeconds} s`;
  line(`  ${entries} answers in ${megabytes(bytes)} of ${megabytes(maxBytes)}${age}`);
  line(`  ${(savedMs / 1000).toFixed(1)} s of runs spared`);
  for (const { arm, version, uncached } of route) {
    if (uncached !== null && arm !== 'fallback')
      line(`  ${yellow('!')} version ${version} (${arm}): ${uncached}`);
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('It is a number of seconds above zero.');
}
