import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { newId } from '../../../platform/ids.ts';
import type { Expired } from './retention.service.ts';

/**
 * What a run of retention has removed so far, in a file beside the log: a run that died in the middle is gone on with by
 * the next one, and the ledger hears of both together.
 */
export type ExpiryNote = {
  /** Of all tries together. */
  readonly id: string;
  readonly removed: Expired;
  /** Before a file of the log is replaced or removed: what that takes away. */
  begin(path: string, counts: Expired): void;
  /** Counts the last file, too; nothing is pending any more. */
  settle(): void;
  /** The ledger has it. */
  remove(): void;
};

type Content = {
  id: string;
  removed: Expired;
  pending: { path: string; was: string; counts: Expired } | null;
};

export const nothingExpired = (): Expired => ({
  predictions: 0,
  pairs: 0,
  feedback: 0,
  fields: {},
  files: 0,
});

/** Goes on with the note at `path`, or begins one. */
export function openExpiryNote(path: string): ExpiryNote {
  const content = read(path) ?? { id: newId('expiry'), removed: nothingExpired(), pending: null };
  const note: ExpiryNote = {
    id: content.id,
    removed: content.removed,
    begin(file, counts) {
      note.settle();
      content.pending = { path: file, was: identityOf(file), counts };
      writeFileSync(`${path}.tmp`, JSON.stringify(content), { flush: true });
      renameSync(`${path}.tmp`, path);
    },
    settle() {
      const { pending } = content;
      content.pending = null;
      // A file that is still what it was has lost nothing yet.
      if (pending && identityOf(pending.path) !== pending.was) add(content.removed, pending.counts);
    },
    remove: () => rmSync(path, { force: true }),
  };
  note.settle();
  return note;
}

function add(into: Expired, { predictions, pairs, feedback, fields, files }: Expired): void {
  into.predictions += predictions;
  into.pairs += pairs;
  into.feedback += feedback;
  into.files += files;
  for (const [name, count] of Object.entries(fields)) into.fields[name] = (into.fields[name] ?? 0) + count;
}

/** Changes when a file is replaced as a whole; empty when there is none. */
function identityOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : '';
}

function read(path: string): Content | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
