import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** A stretch of flights in order of departure; times in milliseconds UTC, delay in minutes, distance in miles. */
export type Flights = {
  date: Float64Array;
  landed: Float64Array;
  delay: Float64Array;
  distance: Float64Array;
  origin: string[];
  destination: string[];
};

export type FlightData = {
  /** The flights that departed in [from, to). */
  between(from: number, to: number): Promise<Flights>;
  /** The same rows as a Parquet file, as a warehouse would deliver them. */
  parquet(from: number, to: number): Promise<Buffer>;
  /** January with the delays dealt out at random: plausible to look at, without any signal. */
  shuffledParquet(from: number, to: number): Promise<Buffer>;
  /** A day's delivery as it must not be: delay as text, impossible distances, nulls, an unknown airport code. */
  spoiledParquet(from: number, to: number): Promise<Buffer>;
  close(): Promise<void>;
};

export const dayMs = 86_400_000;
export const minuteMs = 60_000;

/** Minutes in the air: half an hour of climb and approach, then eight miles a minute. */
export const flyingMinutes = (distance: number) => 30 + Math.floor(distance / 8);

/** When the outcome of a flight is known, as declared in houston.yaml. */
export const landedAt = (date: number, distance: number, delay: number) =>
  Math.max(date + minuteMs, date + (flyingMinutes(distance) + delay) * minuteMs);

const timestamp = (time: number) => `make_timestamp(${time * 1000})`;

/** 3,000,000 real flights of 2001, from the package vega-datasets. */
export async function openFlights(): Promise<FlightData> {
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  const file = join(
    entry.slice(0, entry.lastIndexOf('vega-datasets')),
    'vega-datasets',
    'data',
    'flights-3m.parquet',
  );
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '500MB', threads: '1' });
  const connection = await instance.connect();
  const folder = await mkdtemp(join(tmpdir(), 'houston-flights-'));
  const source = `read_parquet('${file.replaceAll("'", "''")}')`;
  const slice = (from: number, to: number) =>
    `FROM ${source} WHERE date >= ${timestamp(from)} AND date < ${timestamp(to)}`;
  const toParquet = async (query: string) => {
    const path = join(folder, 'batch.parquet');
    await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
    return readFile(path);
  };
  return {
    async between(from, to) {
      const reader = await connection.runAndReadAll(
        `SELECT epoch_ms(date)::DOUBLE, delay::DOUBLE, distance::DOUBLE, origin, destination ${slice(from, to)} ORDER BY date`,
      );
      const [date, delay, distance, origin, destination] = reader.getColumnsJS();
      const dates = Float64Array.from(date as number[]);
      const delays = Float64Array.from(delay as number[]);
      const distances = Float64Array.from(distance as number[]);
      return {
        date: dates,
        landed: dates.map((time, i) => landedAt(time, distances[i], delays[i])),
        delay: delays,
        distance: distances,
        origin: origin as string[],
        destination: destination as string[],
      };
    },
    parquet: (from, to) => toParquet(`SELECT * ${slice(from, to)} ORDER BY date`),
    shuffledParquet: (from, to) =>
      toParquet(`WITH rows AS (SELECT *, row_number() OVER (ORDER BY date, origin, destination, delay) AS n ${slice(from, to)}),
        dealt AS (SELECT delay, row_number() OVER (ORDER BY hash(n * 2654435761 + 69)) AS n FROM rows)
        SELECT rows.date, dealt.delay, rows.distance, rows.origin, rows.destination
        FROM rows JOIN dealt USING (n) ORDER BY rows.n`),
    spoiledParquet: (from, to) =>
      toParquet(`SELECT date, CASE WHEN hash(date, origin) % 50 = 0 THEN 'n/a' ELSE delay::VARCHAR END AS delay,
        CASE WHEN hash(origin, date, 1) % 20 = 0 THEN -1 WHEN hash(origin, date, 2) % 90 = 0 THEN 99999 ELSE distance END AS distance,
        CASE WHEN hash(date, destination) % 3 = 0 THEN NULL ELSE origin END AS origin,
        CASE WHEN hash(date, destination) % 40 = 1 THEN '???' ELSE destination END AS destination
        ${slice(from, to)} ORDER BY date`),
    async close() {
      connection.closeSync();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
