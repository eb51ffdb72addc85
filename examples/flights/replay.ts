import type { HoustonClient } from '../../src/client/client.ts';
import { dayMs, type FlightData, type Flights, minuteMs } from './flights.ts';

const slotMs = 10 * minuteMs;

export type ReplayOptions = {
  client: HoustonClient;
  flights: FlightData;
  deployment: string;
  dataset: string;
  from: number;
  to: number;
  /** Share of the flights that ask for a prediction, 0 to 1. Arrivals are always told, every one. */
  share: number;
  /** Called before each slot of ten minutes; may wait to slow the clock down. */
  pace: (time: number) => Promise<void>;
  /** Called at the end of each day, after its rows have gone to the dataset. */
  onDay: (day: number) => Promise<void>;
};

export type ReplayCounts = {
  requests: number;
  predictions: number;
  failed: number;
  failures: string[];
  arrivals: number;
};

type Prediction = { ids: string[]; rows: number[] };
type Landing = { flights: Flights; row: number; prediction?: string };

/**
 * Flies the days again over HTTP, in order of time. In each slot of ten minutes: first the arrivals of the slot
 * before go to the online feature store and, where a prediction was made, come back as feedback; then every
 * minute's departures ask for their predictions in one request. At the end of a day its rows are delivered
 * to the dataset, as a warehouse would at night.
 */
export async function replay(options: ReplayOptions, counts: ReplayCounts): Promise<void> {
  const landings = new Map<number, Landing[]>();
  for (let day = options.from; day < options.to; day += dayMs) {
    const flights = await options.flights.between(day, Math.min(day + dayMs, options.to));
    let next = 0;
    for (let slot = day; slot < day + dayMs && slot < options.to; slot += slotMs) {
      await options.pace(slot);
      const landed = landings.get(slot) ?? [];
      landings.delete(slot);
      await pushArrivals(options, landed, counts);
      const until = slot + slotMs;
      const first = next;
      while (next < flights.date.length && flights.date[next] < until) next++;
      const asked = await Promise.all([
        askByMinute(options, flights, first, next, counts),
        sendFeedback(options, landed, counts),
      ]);
      const predicted = asked[0];
      for (let row = first; row < next; row++) {
        // Known in the slot after the landing.
        const at = Math.floor(flights.landed[row] / slotMs) * slotMs + slotMs;
        const list = landings.get(at) ?? [];
        list.push({ flights, row, prediction: predicted.get(row) });
        landings.set(at, list);
      }
    }
    await deliver(options, day);
    await options.onDay(day);
  }
}

/** Feeds the month before, so that windows of a month are full when the first request comes. */
export async function backfill(
  client: HoustonClient,
  flights: FlightData,
  service: string,
  from: number,
  to: number,
) {
  for (let day = from; day < to; day += dayMs) {
    const rows = await flights.between(day, Math.min(day + dayMs, to));
    const known = [...rows.date.keys()].filter((row) => rows.landed[row] < to);
    await client.post(`/api/features/sources/${service}/events`, { columns: columnsOf(rows, known) });
  }
}

function columnsOf(flights: Flights, rows: readonly number[]) {
  return {
    date: rows.map((row) => flights.date[row]),
    delay: rows.map((row) => flights.delay[row]),
    distance: rows.map((row) => flights.distance[row]),
    origin: rows.map((row) => flights.origin[row]),
    destination: rows.map((row) => flights.destination[row]),
  };
}

async function pushArrivals(
  options: ReplayOptions,
  landed: readonly Landing[],
  counts: ReplayCounts,
): Promise<void> {
  if (landed.length === 0) return;
  const columns = {
    date: landed.map(({ flights, row }) => flights.date[row]),
    delay: landed.map(({ flights, row }) => flights.delay[row]),
    distance: landed.map(({ flights, row }) => flights.distance[row]),
    origin: landed.map(({ flights, row }) => flights.origin[row]),
    destination: landed.map(({ flights, row }) => flights.destination[row]),
  };
  await options.client.post(`/api/features/sources/${options.deployment}/events`, { columns });
  counts.arrivals += landed.length;
}

async function sendFeedback(
  options: ReplayOptions,
  landed: readonly Landing[],
  counts: ReplayCounts,
): Promise<void> {
  const items = landed
    .filter((landing) => landing.prediction !== undefined)
    .map(({ flights, row, prediction }) => ({
      id: prediction,
      value: flights.delay[row] > 15 ? 1 : 0,
      time: flights.landed[row],
    }));
  if (items.length === 0) return;
  const { unknown } = await options.client.post<{ unknown: string[] }>('/api/serving/feedback', { items });
  if (unknown.length > 0)
    fail(counts, `${unknown.length} outcomes belong to no prediction that the server knows.`);
}

/** One request a minute with all its sampled departures; returns the prediction id of each row. */
async function askByMinute(
  options: ReplayOptions,
  flights: Flights,
  first: number,
  end: number,
  counts: ReplayCounts,
): Promise<Map<number, string>> {
  const minutes = new Map<number, number[]>();
  for (let row = first; row < end; row++) {
    if (!isSampled(flights, row, options.share)) continue;
    const list = minutes.get(flights.date[row]) ?? [];
    list.push(row);
    minutes.set(flights.date[row], list);
  }
  const answers = await Promise.all(
    [...minutes].map(([date, rows]) => ask(options, flights, date, rows, counts)),
  );
  const ids = new Map<number, string>();
  for (const answer of answers) {
    for (const [i, row] of (answer?.rows ?? []).entries()) ids.set(row, answer?.ids[i] ?? '');
  }
  return ids;
}

async function ask(
  options: ReplayOptions,
  flights: Flights,
  date: number,
  rows: number[],
  counts: ReplayCounts,
): Promise<Prediction | undefined> {
  const tensor = (name: string, datatype: string, data: (string | number)[]) => ({
    name,
    datatype,
    shape: [rows.length],
    data,
  });
  counts.requests++;
  counts.predictions += rows.length;
  try {
    const reply = await options.client.post<{ id: string }>(`/v2/models/${options.deployment}/infer`, {
      parameters: { event_time: new Date(date).toISOString() },
      inputs: [
        tensor(
          'origin',
          'BYTES',
          rows.map((row) => flights.origin[row]),
        ),
        tensor(
          'destination',
          'BYTES',
          rows.map((row) => flights.destination[row]),
        ),
        tensor(
          'distance',
          'FP64',
          rows.map((row) => flights.distance[row]),
        ),
      ],
    });
    return { rows, ids: rows.map((_, i) => (rows.length === 1 ? reply.id : `${reply.id}:${i}`)) };
  } catch (error) {
    fail(counts, (error as Error).message);
    return undefined;
  }
}

function fail(counts: ReplayCounts, message: string): void {
  counts.failed++;
  if (counts.failures.length < 20) counts.failures.push(message);
}

/** The same flights in every run: a hash of what they are, not a dice. */
function isSampled(flights: Flights, row: number, share: number): boolean {
  if (share >= 1) return true;
  let hash = (flights.date[row] / minuteMs) | 0;
  const text = `${flights.origin[row]}${flights.destination[row]}${flights.distance[row]}`;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash ^= hash >>> 13;
  return (hash >>> 0) / 2 ** 32 < share;
}

async function deliver(options: ReplayOptions, day: number): Promise<void> {
  const rows = await options.flights.parquet(day, Math.min(day + dayMs, options.to));
  await options.client.post(`/api/data/datasets/${options.dataset}/versions`, rows, {
    contentType: 'application/vnd.apache.parquet',
    query: { mode: 'append', source: `warehouse ${new Date(day).toISOString().slice(0, 10)}` },
  });
}
