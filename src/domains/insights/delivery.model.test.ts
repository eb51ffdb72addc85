import { describe, expect, it } from 'vitest';
import type { LedgerEvent } from '../../platform/ledger/index.ts';
import { delivery, median } from './delivery.model.ts';

let seq = 0;
function event(
  type: string,
  subject: string,
  seconds: number,
  more: Partial<Pick<LedgerEvent, 'data' | 'uses' | 'cause' | 'id'>> = {},
): LedgerEvent {
  seq++;
  const base = { actor: 'user:local', data: {}, uses: [], cause: null, prev: '', hash: '' };
  return { ...base, seq, id: `evt_${seq}`, time: seconds * 1000, type, subject, ...more };
}

describe('delivery', () => {
  it('takes medians, and says nothing of nothing', () => {
    expect(median([])).toEqual({ seconds: null, n: 0 });
    expect(median([3000, 1000])).toEqual({ seconds: 2, n: 2 });
    expect(delivery([]).changeFailureRate).toEqual({ value: null, failed: 0, n: 0 });
  });

  it('follows a healed model from data and incident to production', () => {
    const promoted = { deployment: 'd', model: 'm', version: 2 };
    const events = [
      event('data.version.created', 'dataset:x@1', 0),
      event('data.version.created', 'dataset:x@2', 60),
      event('monitoring.incident.opened', 'incident:i', 70, { id: 'evt_incident' }),
      event('pipelines.run.started', 'run:r', 71, { cause: 'evt_incident' }),
      event('registry.version.registered', 'model:m/2', 90, { uses: ['dataset:x@2', 'run:r'] }),
      event('serving.rollout.promoted', 'deployment:d', 100, { data: promoted }),
      event('serving.rollout.rolled-back', 'rollout:bad', 110),
      event('serving.rollout.promoted', 'deployment:d', 200, { data: promoted }),
      event('monitoring.incident.resolved', 'incident:i', 130),
    ];
    expect(delivery(events.reverse())).toEqual({
      leadTime: { seconds: 40, n: 1 },
      retrainToProduction: { seconds: 30, n: 1 },
      timeToRestore: { seconds: 60, n: 1 },
      changeFailureRate: { value: 1 / 3, failed: 1, n: 3 },
    });
  });
});
