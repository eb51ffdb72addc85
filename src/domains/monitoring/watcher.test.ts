import { expect, it } from 'vitest';
import { describeOnEachDatabase } from '../../../test/databases.ts';
import { eventually } from '../../../test/eventually.ts';
import { putMonitor } from './monitoring.service.ts';
import { monitoringMigrations } from './monitoring.tables.ts';
import type { RegistryPort, ServingPort } from './ports.ts';
import { createWatcher } from './watcher.ts';

describeOnEachDatabase('watch over windows', (open) => {
  it('looks at deployments that are there, not at the log of one that was removed', async () => {
    const platform = await open(monitoringMigrations);
    const scope = platform.systemScope('system:test');
    for (const name of ['gone', 'here']) await putMonitor(scope, name, {});
    const looked: string[] = [];
    const serving = {
      listDeployments: async () => [{ name: 'here' }],
      meters: () => [],
      async predictionsSql(_scope: unknown, deployment: string) {
        looked.push(deployment);
        return '(SELECT NULL::TIMESTAMP AS time, NULL::TIMESTAMP AS event_time WHERE false)';
      },
    } as unknown as ServingPort;
    const watcher = createWatcher(platform, { serving, registry: {} as RegistryPort });
    watcher.start();
    await eventually(() => expect(looked).toContain('here'));
    await watcher.stop();
    expect(looked).not.toContain('gone');
  });
});
