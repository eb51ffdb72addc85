import type { FeatureServiceDefinition } from './features.contract.ts';

const late = { mean: 'late', known_at: 'landed_at', grain: '1m' } as const;
const delay = { mean: 'minutes_late', over: '1h', known_at: 'landed_at', grain: '1m' } as const;
const landed = { count: true, known_at: 'landed_at', grain: '1m' } as const;

/** The feature service of the flights project, for tests and benchmarks. */
export const flights: FeatureServiceDefinition = {
  source: 'flights',
  event_time: 'date',
  label: 'late',
  derive: {
    late: 'delay > 15',
    landed_at: 'greatest(date + interval 1 minute, date + to_minutes(30 + distance // 8 + delay))',
    minutes_late: 'least(greatest(delay, -30), 180)',
  },
  request: { date: 'timestamp', origin: 'string', destination: 'string', distance: 'number' },
  slices: ['origin', 'hour'],
  features: {
    hour: { expression: 'hour(date)' },
    weekday: { expression: 'weekday(date)' },
    distance: { expression: 'distance' },
    origin_late_share_3h: { key: ['origin'], over: '3h', ...late },
    origin_delay_1h: { key: ['origin'], ...delay },
    origin_landed_3h: { key: ['origin'], over: '3h', ...landed },
    inbound_late_share_3h: { key: ['destination'], lookup: ['origin'], over: '3h', ...late },
    inbound_delay_1h: { key: ['destination'], lookup: ['origin'], ...delay },
    destination_late_share_3h: { key: ['destination'], over: '3h', ...late },
    destination_delay_1h: { key: ['destination'], ...delay },
    destination_landed_3h: { key: ['destination'], over: '3h', ...landed },
    network_late_share_1h: { key: [], over: '1h', ...late },
    network_landed_1h: { key: [], over: '1h', ...landed },
    route_late_share_30d: {
      key: ['origin', 'destination'],
      over: '30d',
      mean: 'late',
      known_at: 'landed_at',
      grain: '1h',
    },
  },
};
