import {
  closeSync,
  fdatasync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createLineWriter, type LineWriter } from './line-writer.ts';

/**
 * An append-only log of JSON lines in numbered segments: `000001.ndjson` while open, then sealed to
 * `000001.parquet` in the background, which may be succeeded by `000001.2.parquet` and so on: a reader opens a file more
 * than once, so what a name says never changes. A line is in the file as soon as `flush` returns; a torn last line (the
 * process died in the middle of a write) is cut when the log opens again.
 */
export type SegmentLog = {
  readonly directory: string;
  /** Where lines are written; they wait here until the next flush. */
  readonly lines: LineWriter;
  /** Buffers one line (without its newline) until the next flush. */
  append(line: string): void;
  /** Writes all waiting lines with one system call; false when the disk refused them (they are dropped). */
  flush(): boolean;
  /** Asks the disk to keep what was flushed (against power loss; a killed process loses nothing anyway). */
  sync(): Promise<void>;
  /** Closes the open segment when it is large or old enough; returns its number, to be sealed. */
  rotate(limits: { bytes: number; ageMs: number }, now: number): number | undefined;
  /** Segments on disk, oldest first, each in its newest form. */
  segments(): Segment[];
  path(segment: number, form: SegmentForm): string;
  /** Number of the segment that takes new lines. */
  current(): number;
  close(): Promise<void>;
};

export type SegmentForm = 'ndjson' | 'parquet';
export type Segment = { number: number; form: SegmentForm; path: string };

/** Opens (or creates) the log in `directory`, cutting a torn tail. */
export function openSegmentLog(directory: string): SegmentLog {
  mkdirSync(directory, { recursive: true });
  const { newest: all, superseded } = listSegments(directory);
  for (const name of readdirSync(directory)) if (name.endsWith('.tmp')) rmSync(join(directory, name));
  for (const path of superseded) rmSync(path);
  for (const { form, path } of all) if (form === 'ndjson') cutTornTail(path);
  const last = all.at(-1);
  let number = last === undefined ? 1 : last.form === 'ndjson' ? last.number : last.number + 1;

  const openFile = () => openSync(join(directory, fileName(number, 'ndjson')), 'a');
  /** Closed while nothing is written, so that thousands of quiet logs hold no descriptors. */
  let file: number | undefined;
  let wasWritten = false;
  closeSync(openFile());
  let size = statSync(join(directory, fileName(number, 'ndjson'))).size;
  let openedAt = Date.now();
  let dirty = false;
  const lines = createLineWriter();

  const flush = () => {
    if (lines.length === 0) return true;
    const bytes = lines.take();
    try {
      file ??= openFile();
      wasWritten = true;
      let written = 0;
      while (written < bytes.length) written += writeSync(file, bytes, written);
      size += bytes.length;
      dirty = true;
      return true;
    } catch {
      try {
        // Half a line would spoil the next one.
        if (file !== undefined) ftruncateSync(file, size);
      } catch {}
      return false;
    }
  };

  return {
    directory,
    lines,
    append(line) {
      lines.text(line);
      lines.endLine();
    },
    flush,
    sync: async () => {
      if (!dirty) return;
      dirty = false;
      const written = file;
      if (written !== undefined) await new Promise<void>((resolve) => fdatasync(written, () => resolve()));
    },
    rotate(limits, now) {
      flush();
      if (file !== undefined && !wasWritten && !dirty) {
        closeSync(file);
        file = undefined;
      }
      wasWritten = false;
      if (size === 0) {
        openedAt = now;
        return undefined;
      }
      if (size < limits.bytes && now - openedAt < limits.ageMs) return undefined;
      const full = number;
      const old = file;
      if (old !== undefined) fdatasync(old, () => closeSync(old));
      // A full disk may refuse the next file: nothing may be written to the old number any more.
      file = undefined;
      number += 1;
      size = 0;
      dirty = false;
      openedAt = now;
      file = openFile();
      return full;
    },
    segments: () => listSegments(directory).newest,
    path: (segment, form) => join(directory, fileName(segment, form)),
    current: () => number,
    async close() {
      flush();
      await this.sync();
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

function fileName(segment: number, form: string): string {
  return `${String(segment).padStart(6, '0')}.${form}`;
}

/** The newest file of every segment, oldest segment first, and the files that have successors. */
function listSegments(directory: string): { newest: Segment[]; superseded: string[] } {
  const files = new Map<number, { rank: number; segment: Segment }>();
  const superseded: string[] = [];
  for (const name of readdirSync(directory)) {
    const match = /^(\d{6,})(?:\.(\d+))?\.(ndjson|parquet)$/.exec(name);
    if (!match) continue;
    const [number, form] = [Number(match[1]), match[3] as SegmentForm];
    const rank = form === 'ndjson' ? 0 : Number(match[2] ?? 1);
    const found = { rank, segment: { number, form, path: join(directory, name) } };
    const other = files.get(number);
    if (other) superseded.push((other.rank < rank ? other : found).segment.path);
    if (!other || other.rank < rank) files.set(number, found);
  }
  const newest = [...files.values()].map(({ segment }) => segment).sort((a, b) => a.number - b.number);
  return { newest, superseded };
}

/** The name of what a sealed file is rewritten to. */
export function successorOf(path: string): string {
  const match = /^(.*\/\d{6,})(?:\.(\d+))?\.parquet$/.exec(path);
  if (!match) throw new Error('Only a sealed segment has successors.');
  return `${match[1]}.${Number(match[2] ?? 1) + 1}.parquet`;
}

/** Turns a closed segment into Parquet by `write`: aside, flushed, then renamed, so that a reader sees all or nothing. */
export async function sealSegment(
  log: SegmentLog,
  segment: number,
  write: (path: string) => Promise<void>,
): Promise<void> {
  const target = log.path(segment, 'parquet');
  await write(`${target}.tmp`);
  await publishFile(target);
}

/** Gives `PATH.tmp` its name, once the disk has it. */
export async function publishFile(path: string): Promise<void> {
  const file = await open(`${path}.tmp`, 'r+');
  await file.sync();
  await file.close();
  await rename(`${path}.tmp`, path);
}

/** Cuts everything after the last complete line. */
function cutTornTail(path: string): void {
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end === bytes.length) return;
  const file = openSync(path, 'r+');
  ftruncateSync(file, end);
  closeSync(file);
}

/** Removes the files that have successors, such as the lines of sealed segments. */
export function dropSuperseded({ directory }: SegmentLog): void {
  for (const path of listSegments(directory).superseded) rmSync(path, { force: true });
}

/** The complete lines of one open-form segment. */
export function readLines(log: SegmentLog, segment: number): string[] {
  const lines = readFileSync(log.path(segment, 'ndjson'), 'utf8').split('\n');
  lines.pop();
  return lines;
}
