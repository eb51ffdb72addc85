import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { parse, stringify } from 'yaml';
import { HoustonError } from '../../platform/errors.ts';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, dim, green, line, show, yellow } from '../output.ts';

type Change = { kind: string; name: string; action: 'create' | 'change'; before: unknown; after: unknown };

/** Reads a houston.yaml; keys that start with `x-` hold anchors and are left out. */
export function readDeclaration(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new HoustonError('cli.file.unreadable', `Cannot read ${file}.`, {
      next: 'Name the file: houston apply path/to/houston.yaml',
    });
  }
  let value: unknown;
  try {
    value = parse(text, { merge: true });
  } catch (error) {
    throw new HoustonError('cli.yaml.invalid', `${file} is not YAML: ${(error as Error).message}`, {
      next: 'Correct the named line.',
    });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new HoustonError('cli.yaml.invalid', `${file} does not hold a mapping.`, {
      next: 'Start with "version: 1"; GET /api/declarations/schema has the whole schema.',
    });
  }
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('x-')));
}

function commitOf(file: string): string | undefined {
  const folder = dirname(resolve(file));
  const result = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: folder, encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

function printChanges(changes: readonly Change[]): void {
  for (const { kind, name, action, before, after } of changes) {
    line(`${action === 'create' ? green('+ create') : yellow('~ change')} ${kind} ${bold(name)}`);
    for (const difference of differences(before, after)) line(`    ${difference}`);
  }
}

/** One line per leaf that differs. */
export function differences(before: unknown, after: unknown, path = ''): string[] {
  if (isObject(before) && isObject(after)) {
    return Object.keys(after).flatMap((key) =>
      differences(before[key], after[key], path ? `${path}.${key}` : key),
    );
  }
  const [old, new_] = [JSON.stringify(before), JSON.stringify(after)];
  if (before === null && path === '') return [];
  if (old === new_) return [];
  const short = (text: string | undefined) =>
    text === undefined ? dim('(none)') : text.length > 100 ? `${text.slice(0, 97)}…` : text;
  return [`${path}: ${short(old)} → ${short(new_)}`];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function declarationCommands(program: Command): void {
  common(program.command('plan').description('show what applying a houston.yaml would change'))
    .argument('[file]', 'the declaration', 'houston.yaml')
    .action(async (file: string, options: CommonOptions) =>
      withClient(options, async (client) => {
        const plan = await client.post<{ changes: Change[] }>(
          '/api/declarations/plan',
          readDeclaration(file),
        );
        show(options.json, plan, ({ changes }) => {
          printChanges(changes);
          line(
            changes.length === 0
              ? 'Nothing to change.'
              : dim(`${changes.length} to apply: houston apply ${file}`),
          );
        });
      }),
    );

  common(
    program.command('apply').description('make the server as a houston.yaml declares: all of it or nothing'),
  )
    .argument('[file]', 'the declaration', 'houston.yaml')
    .action(async (file: string, options: CommonOptions) =>
      withClient(options, async (client) => {
        const result = await client.post<{ changes: Change[]; event: string | null }>(
          '/api/declarations/apply',
          readDeclaration(file),
          { query: { commit: commitOf(file) } },
        );
        show(options.json, result, ({ changes, event }) => {
          printChanges(changes);
          line(
            changes.length === 0
              ? 'Nothing to change.'
              : `${green('✓')} applied ${changes.length} ${dim(event ?? '')}`,
          );
        });
      }),
    );

  common(program.command('export').description('print everything declarable as a houston.yaml')).action(
    async (options: CommonOptions) =>
      withClient(options, async (client) => {
        show(options.json, await client.get<object>('/api/declarations'), (value) => line(stringify(value)));
      }),
  );
}
