import { expect, test } from 'vitest';
import { describeOnEachDatabase } from '../../../../test/databases.ts';
import { experimentsMigrations } from '../experiments.tables.ts';
import { tracking } from '../tracking.door.ts';
import type { NewSpan } from './spans/spans.model.ts';

const traceId = (n: number) => `tr-${String(n).padStart(32, '0')}`;
const span = (n: number, more: Partial<NewSpan> = {}): NewSpan => ({
  traceId: traceId(n),
  id: 'a'.repeat(16),
  parentId: null,
  name: 'request',
  startNs: BigInt(n) * 1_000_000_000n,
  endNs: BigInt(n) * 1_000_000_000n + 5_000_000n,
  status: 'UNSET',
  statusMessage: '',
  attributes: {},
  events: [],
  links: [],
  resource: {},
  ...more,
});

describeOnEachDatabase('traces that began elsewhere', (open) => {
  test('go by the span with which they came here, until their root is known', async () => {
    const scope = (await open(experimentsMigrations)).systemScope('user:test');
    await tracking.ensureDefaultExperiment(scope);
    const entry = span(1, { parentId: 'b'.repeat(16), hasRemoteParent: true, name: 'POST /infer' });
    await tracking.recordSpans(scope, [entry], { experimentId: 0 });
    expect(await tracking.getTrace(scope, traceId(1))).toMatchObject({ name: 'POST /infer', state: 'OK' });
    const root = span(1, { id: 'b'.repeat(16), name: 'checkout', status: 'ERROR' });
    await tracking.recordSpans(scope, [root], { experimentId: 0 });
    expect(await tracking.getTrace(scope, traceId(1))).toMatchObject({ name: 'checkout', state: 'ERROR' });
    await tracking.recordSpans(scope, [entry], { experimentId: 0 });
    expect(await tracking.getTrace(scope, traceId(1))).toMatchObject({ name: 'checkout', state: 'ERROR' });
    const orphan = span(2, { parentId: 'b'.repeat(16), name: 'a late child' });
    await tracking.recordSpans(scope, [orphan], { experimentId: 0 });
    expect(await tracking.getTrace(scope, traceId(2))).toMatchObject({ state: 'IN_PROGRESS' });
  });

  test('and others go from the oldest on when only so many are kept', async () => {
    const scope = (await open(experimentsMigrations)).systemScope('user:test');
    await tracking.ensureDefaultExperiment(scope);
    const spans = [5, 3, 1, 4, 2].map((n) => span(n));
    await tracking.recordSpans(scope, spans, { experimentId: 0 });
    expect(await tracking.keepNewestTraces(scope, 0, 5)).toBe(0);
    expect(await tracking.keepNewestTraces(scope, 0, 2)).toBe(3);
    const left = await tracking.getTraces(scope, [1, 2, 3, 4, 5].map(traceId));
    expect(left.map(({ id }) => id).sort()).toEqual([traceId(4), traceId(5)]);
  });
});
