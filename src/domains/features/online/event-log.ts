import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { Value } from '../expression/expression.ts';
import { featuresError } from '../features.errors.ts';

/** One acknowledged batch: columns of equal length; times are milliseconds. */
export type EventBatch = {
  readonly batch: string | null;
  readonly columns: Readonly<Record<string, readonly Value[]>>;
};

const segmentBytes = 16 * 1024 * 1024;
const headerBytes = 8;
/** Work of this long is done between two requests. */
const sliceMs = 4;

type Segment = { number: number; bytes: number; newest: number };

/**
 * The durable side of the online store: an append-only log in segments, each record `length, crc32, JSON`.
 * A record is written before its batch is acknowledged, so the death of the process loses nothing; a torn tail,
 * which was never acknowledged, is cut off when the log is opened.
 */
export class EventLog {
  private readonly folder: string;
  private readonly segments: Segment[] = [];
  private file: number | null = null;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) {
      const match = /^events-(\d{8})\.log$/.exec(name);
      // What a death in the middle of a rewrite has left behind.
      if (name.endsWith('.tmp')) rmSync(join(folder, name), { force: true });
      if (match) this.segments.push({ number: Number(match[1]), bytes: 0, newest: Number.NEGATIVE_INFINITY });
    }
    this.segments.sort((a, b) => a.number - b.number);
  }

  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Reads every batch in order. `visit` returns the newest time of the batch, which decides how long it is kept. */
  replay(visit: (batch: EventBatch) => number): void {
    for (const segment of this.segments) {
      const path = this.path(segment.number);
      const bytes = readFileSync(path);
      let offset = 0;
      segment.newest = Number.NEGATIVE_INFINITY;
      for (;;) {
        const record = readRecord(bytes, offset);
        if (!record) break;
        segment.newest = Math.max(segment.newest, visit(record.batch));
        offset = record.next;
      }
      if (offset < bytes.length && this.file === null) truncate(path, offset);
      segment.bytes = offset;
    }
  }

  /** Appends one batch; it is durable against the death of the process when this returns. */
  append(batch: EventBatch, newest: number): void {
    const record = encode(batch);
    const segment = this.writable(record.length);
    const file = this.file as number;
    try {
      for (let written = 0; written < record.length; ) {
        written += writeSync(file, record, written, record.length - written, segment.bytes + written);
      }
    } catch (error) {
      // A part of the record may stand behind the last good one: the next append writes over it.
      const reason = error instanceof Error ? error.message : String(error);
      throw featuresError('features.online.unwritable', `The event log cannot be written: ${reason}`);
    }
    segment.bytes += record.length;
    segment.newest = Math.max(segment.newest, newest);
  }

  /** Removes the segments that hold only batches older than `time`. */
  prune(time: number): void {
    while (this.segments.length > 1 && this.segments[0].newest < time) {
      const segment = this.segments.shift() as Segment;
      rmSync(this.path(segment.number), { force: true });
    }
  }

  /** Lets later batches go to a new segment; returns those before it, which no append changes any more. */
  rotate(): readonly number[] {
    this.close();
    const before = this.segments.filter(({ bytes }) => bytes > 0).map(({ number }) => number);
    const last = this.segments.at(-1);
    if (last && last.bytes > 0) {
      const number = last.number + 1;
      // Whoever reads all segments finds it, empty as it is.
      closeSync(openSync(this.path(number), 'w', 0o600));
      this.segments.push({ number, bytes: 0, newest: Number.NEGATIVE_INFINITY });
    }
    return before;
  }

  /** The batches of one segment, a few milliseconds of work at a time; none when it has been pruned. */
  async *batches(number: number): AsyncGenerator<EventBatch> {
    if (!this.segments.some((segment) => segment.number === number)) return;
    const bytes = await readFile(this.path(number));
    let until = performance.now() + sliceMs;
    for (let record = readRecord(bytes, 0); record; record = readRecord(bytes, record.next)) {
      yield record.batch;
      if (performance.now() < until) continue;
      await nextTurn();
      until = performance.now() + sliceMs;
    }
  }

  /** Puts other batches in the place of those of a segment that is not appended to; all of them or none. */
  async replace(number: number, batches: readonly EventBatch[]): Promise<void> {
    const path = this.path(number);
    const file = await open(`${path}.tmp`, 'w', 0o600);
    let bytes = 0;
    try {
      let until = performance.now() + sliceMs;
      for (const batch of batches) {
        const record = encode(batch);
        await file.write(record);
        bytes += record.length;
        if (performance.now() < until) continue;
        await nextTurn();
        until = performance.now() + sliceMs;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    const segment = this.segments.find((one) => one.number === number);
    if (!segment) {
      rmSync(`${path}.tmp`, { force: true });
      return;
    }
    renameSync(`${path}.tmp`, path);
    segment.bytes = bytes;
  }

  close(): void {
    if (this.file !== null) closeSync(this.file);
    this.file = null;
  }

  private writable(bytes: number): Segment {
    let segment = this.segments.at(-1);
    if (!segment || (segment.bytes > 0 && segment.bytes + bytes > segmentBytes)) {
      this.close();
      segment = { number: (segment?.number ?? 0) + 1, bytes: 0, newest: Number.NEGATIVE_INFINITY };
      this.segments.push(segment);
    }
    this.file ??= openSync(this.path(segment.number), segment.bytes === 0 ? 'w' : 'r+', 0o600);
    return segment;
  }

  private path(number: number): string {
    return join(this.folder, `events-${String(number).padStart(8, '0')}.log`);
  }
}

function encode(batch: EventBatch): Buffer {
  const payload = Buffer.from(JSON.stringify(batch));
  const record = Buffer.allocUnsafe(headerBytes + payload.length);
  record.writeUInt32LE(payload.length, 0);
  record.writeUInt32LE(crc32(payload), 4);
  payload.copy(record, headerBytes);
  return record;
}

function readRecord(bytes: Buffer, offset: number): { batch: EventBatch; next: number } | null {
  if (offset + headerBytes > bytes.length) return null;
  const length = bytes.readUInt32LE(offset);
  const next = offset + headerBytes + length;
  if (length === 0 || next > bytes.length) return null;
  const payload = bytes.subarray(offset + headerBytes, next);
  if (crc32(payload) !== bytes.readUInt32LE(offset + 4)) return null;
  return { batch: JSON.parse(payload.toString()) as EventBatch, next };
}

function truncate(path: string, bytes: number): void {
  const file = openSync(path, 'r+');
  ftruncateSync(file, bytes);
  closeSync(file);
}
