import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify as verifySignature,
} from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, dataFolder } from '../config.ts';
import { canonicalJson } from '../json.ts';

/** A signed statement, kept outside the database, that the ledger had this hash at this number. */
export type Checkpoint = { seq: number; hash: string; time: number; signature: string };

export type CheckpointBook = {
  /** All checkpoints, oldest first. A torn last line (the process died while writing) is left out. */
  list(): Checkpoint[];
  last(): Checkpoint | undefined;
  write(head: { seq: number; hash: string }, time: number): Checkpoint;
  /** True when the signature is by this ledger's key. */
  isGenuine(checkpoint: Checkpoint): boolean;
};

const body = ({ seq, hash, time }: Omit<Checkpoint, 'signature'>) =>
  Buffer.from(canonicalJson({ seq, hash, time }));

/** Opens `<data-dir>/ledger/checkpoints.jsonl` and the Ed25519 key in `<data-dir>/keys`, made at first use. */
export function openCheckpoints(config: Config): CheckpointBook {
  const file = join(dataFolder(config, 'ledger'), 'checkpoints.jsonl');
  const privateKey = readKey(join(dataFolder(config, 'keys'), 'ledger-ed25519.pem'));
  const publicKey = createPublicKey(privateKey);
  let last = readAll(file).at(-1);
  return {
    list: () => readAll(file),
    last: () => last,
    write({ seq, hash }, time) {
      const signature = sign(null, body({ seq, hash, time }), privateKey).toString('base64');
      last = { seq, hash, time, signature };
      appendFileSync(file, `${JSON.stringify(last)}\n`, { mode: 0o600 });
      return last;
    },
    isGenuine: (checkpoint) =>
      verifySignature(null, body(checkpoint), publicKey, Buffer.from(checkpoint.signature, 'base64')),
  };
}

function readKey(path: string): KeyObject {
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  }
  return createPrivateKey(readFileSync(path));
}

function readAll(file: string): Checkpoint[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  lines.pop(); // after the last line feed: empty, or torn
  return lines.filter(Boolean).map((line) => JSON.parse(line) as Checkpoint);
}
