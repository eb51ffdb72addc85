import type { FeaturesPort } from '../../src/domains/serving/routing/feature-port.ts';

/** A feature service of two features: the hour of the event, and a number of the request. */
export const hourAndNumber: FeaturesPort = {
  createVectorizer: async () => ({
    ref: 'svc@aaaaaaaaaaaa',
    service: 'svc',
    digest: `sha256:${'a'.repeat(64)}`,
    features: ['hour', 'x'],
    inputs: [
      { name: 'date', type: 'timestamp' },
      { name: 'x', type: 'number' },
    ],
    timeInput: 'date',
    fill(inputs, times, out) {
      for (let i = 0; i < times.length; i++) {
        out[2 * i] = new Date(times[i]).getUTCHours();
        out[2 * i + 1] = Number(inputs.x?.[i]);
      }
    },
  }),
};
