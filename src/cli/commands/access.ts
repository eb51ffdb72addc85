import type { Command } from 'commander';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, green, line, show, table } from '../output.ts';

export function accessCommands(program: Command): void {
  const users = program.command('users').description('who may do what');

  common(users.command('list')).action(async (options: CommonOptions) =>
    withClient(options, async (client) => {
      const reply = await client.get<{ items: Record<string, unknown>[] }>('/api/auth/users');
      show(options.json, reply, ({ items }) => table(items, ['id', 'roles', 'createdAt']));
    }),
  );

  common(users.command('add').description('add a user and print a token for them'))
    .argument('<id>')
    .requiredOption('--role <role...>', 'viewer, developer, operator, approver, service, code-runner, admin')
    .action(async (id: string, options: CommonOptions & { role: string[] }) =>
      withClient(options, async (client) => {
        await client.post('/api/auth/users', { id, roles: options.role });
        const { token } = await client.post<{ token: string }>(
          `/api/auth/users/${encodeURIComponent(id)}/tokens`,
          {},
        );
        show(options.json, { id, roles: options.role, token }, () => {
          line(`${green('✓')} ${bold(id)} ${options.role.join(', ')}`);
          line(`  token (shown once): ${bold(token)}`);
        });
      }),
    );
}
