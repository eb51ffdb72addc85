import { expect, test } from 'vitest';
import { describeOnEachDatabase } from '../../../../test/databases.ts';
import { type NewLedgerEvent, record } from '../../../platform/ledger/index.ts';
import { transact } from '../../../platform/scope.ts';
import { listIncidents } from '../incidents/incidents.store.ts';
import { monitoringMigrations } from '../monitoring.tables.ts';
import { healAfterRestart, onFaultEvent } from './faults.service.ts';

const revision = { revision: 'rev_1', deployment: 'm', model: 'm', version: 2 };

describeOnEachDatabase('faults as incidents', (open) => {
  const start = async () => {
    const platform = await open(monitoringMigrations);
    const scope = platform.systemScope('reactor:monitoring-faults');
    const happen = async (type: string, data: NewLedgerEvent['data'] = {}) => {
      const event = await transact(scope, (tx) =>
        record(tx, { type, subject: 'revision:rev_1', data: { ...revision, ...data } }),
      );
      // At least once: the second time changes nothing.
      await onFaultEvent({ ...scope, cause: event.id }, event);
      await onFaultEvent({ ...scope, cause: event.id }, event);
      return event;
    };
    return { platform, happen, incidents: (more = {}) => listIncidents(platform.db, more) };
  };
  const fault = (at: number) => ({ kind: 'crash', detail: 'It died.', at: new Date(at).toISOString() });

  test('a model that dies is a ticket, grows with each death, and heals when it is quiet', async () => {
    const { happen, incidents } = await start();
    const first = await happen('serving.revision.faulted', fault(1000));
    await happen('serving.revision.faulted', fault(2000));
    const [incident, ...others] = await incidents();
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      rule: 'model-crash',
      severity: 'ticket',
      state: 'open',
      openedAt: 1000,
      ...revision,
      evidence: { fault: { count: 2, quarantined: null } },
    });
    expect(first.id).not.toBe(incident.event);
    await happen('serving.revision.recovered', { reason: 'Quiet.' });
    expect((await incidents())[0]).toMatchObject({ state: 'resolved', resolution: 'Quiet.' });
    // The next death is another incident.
    await happen('serving.revision.faulted', fault(9000));
    expect(await incidents({ state: 'active' })).toHaveLength(1);
  });

  test('a quarantine without a stand-in pages, and neither quiet nor a restart ends it', async () => {
    const { platform, happen, incidents } = await start();
    await happen('serving.revision.faulted', fault(1000));
    await happen('serving.revision.quarantined', { kind: 'crash', reason: 'It died.', answeredBy: 'nobody' });
    await happen('serving.revision.recovered', { reason: 'Quiet.' });
    await healAfterRestart(platform.systemScope('system:monitoring'));
    const [incident] = await incidents();
    expect(incident).toMatchObject({
      state: 'open',
      severity: 'page',
      evidence: { fault: { quarantined: 'rev_1', answeredBy: 'nobody' } },
    });
    await happen('serving.revision.released', { reason: 'mended' });
    expect((await incidents())[0]).toMatchObject({
      state: 'resolved',
      resolution: 'It was released: mended',
    });
  });

  test('another version that takes over ends it, one of another deployment does not', async () => {
    const { happen, incidents } = await start();
    await happen('serving.revision.quarantined', {
      kind: 'hang',
      reason: 'It hung.',
      answeredBy: 'fallback',
    });
    await happen('serving.rollout.promoted', { deployment: 'other', revision: 'rev_9', version: 3 });
    expect(await incidents({ state: 'active' })).toHaveLength(1);
    await happen('serving.rollout.promoted', { revision: 'rev_2', version: 3 });
    expect((await incidents())[0]).toMatchObject({
      rule: 'model-hang',
      state: 'resolved',
      severity: 'ticket',
    });
  });

  test.each([
    ['serving.upstream.failed', 'serving.upstream.recovered', 'upstream', 'page'],
    ['serving.errors.raised', 'serving.errors.settled', 'error-rate', 'page'],
    ['serving.outputs.invalid', 'serving.outputs.valid', 'invalid-outputs', 'ticket'],
  ])('%s opens and %s ends', async (opens, ends, rule, severity) => {
    const { happen, incidents } = await start();
    await happen(opens, { reason: 'Too many.' });
    expect(await incidents()).toMatchObject([{ rule, severity, state: 'open', reason: 'Too many.' }]);
    await happen(ends, { reason: 'Few.' });
    expect(await incidents()).toMatchObject([{ state: 'resolved', resolution: 'Few.' }]);
  });

  test('a full disk is of the server; a restart ends what the process before saw', async () => {
    const { platform, happen, incidents } = await start();
    const server = { deployment: null, revision: null, model: null, version: null };
    await happen('serving.log.refused', { ...server, reason: 'The disk refuses.' });
    expect(await incidents()).toMatchObject([{ rule: 'prediction-log', deployment: '', model: '' }]);
    await healAfterRestart(platform.systemScope('system:monitoring'));
    expect(await incidents({ state: 'active' })).toEqual([]);
  });
});
