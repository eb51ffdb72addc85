import { canonicalJson, type JsonObject, sha256 } from '../json.ts';
import type { LedgerEventRow } from './ledger.tables.ts';

/** One change of state. `hash` covers every other field, `prev` is the hash of the event before. */
export type LedgerEvent = {
  seq: number;
  id: string;
  /** Milliseconds since 1970, UTC. */
  time: number;
  /** `domain.noun.verb` in the past tense. */
  type: string;
  actor: string;
  subject: string;
  data: JsonObject;
  /** Subjects that this state was made from: the lineage edges. */
  uses: string[];
  /** Id of the event that led to this one. */
  cause: string | null;
  prev: string;
  hash: string;
};

export type NewLedgerEvent = { type: string; subject: string; data?: JsonObject; uses?: readonly string[] };

/** The hash before the first event. */
export const genesisHash = `sha256:${'0'.repeat(64)}`;

/** SHA-256 of the canonical JSON of all fields but `hash`. */
export function hashEvent(event: Omit<LedgerEvent, 'hash'>): string {
  const { seq, id, time, type, actor, subject, data, uses, cause, prev } = event;
  return sha256(canonicalJson({ seq, id, time, type, actor, subject, data, uses, cause, prev }));
}

export function toEvent(row: LedgerEventRow): LedgerEvent {
  return { ...row, data: JSON.parse(row.data) as JsonObject, uses: JSON.parse(row.uses) as string[] };
}
