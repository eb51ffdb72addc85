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

/** A feature service of people: who asks, their address and a number; the vector has the number and its square. */
export const people: FeaturesPort = {
  createVectorizer: async () => ({
    ref: 'people@bbbbbbbbbbbb',
    service: 'people',
    digest: `sha256:${'b'.repeat(64)}`,
    features: ['x', 'squared'],
    inputs: [
      { name: 'date', type: 'timestamp' },
      { name: 'customer', type: 'string' },
      { name: 'email', type: 'string' },
      { name: 'x', type: 'number' },
    ],
    timeInput: 'date',
    fill(inputs, times, out) {
      for (let i = 0; i < times.length; i++) {
        out[2 * i] = Number(inputs.x?.[i]);
        out[2 * i + 1] = Number(inputs.x?.[i]) ** 2;
      }
    },
  }),
};

/** A request of people for the Open Inference door. */
export function peopleRequest(
  rows: readonly { customer: string; email: string; x: number }[],
  more: { id?: string; time?: string } = {},
) {
  const shape = [rows.length];
  return {
    ...(more.id !== undefined && { id: more.id }),
    parameters: more.time === undefined ? {} : { event_time: more.time },
    inputs: [
      { name: 'customer', datatype: 'BYTES', shape, data: rows.map(({ customer }) => customer) },
      { name: 'email', datatype: 'BYTES', shape, data: rows.map(({ email }) => email) },
      { name: 'x', datatype: 'FP64', shape, data: rows.map(({ x }) => x) },
    ],
  };
}
