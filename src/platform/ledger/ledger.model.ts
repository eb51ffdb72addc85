import { hash } from 'node:crypto';
import type { JsonObject } from '../json.ts';
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

/**
 * SHA-256 of the canonical JSON (RFC 8785) of all fields but `hash`. `data` and `uses` are canonical JSON already,
 * as the database keeps them, so that proving a million events does not parse and write a million objects.
 */
export function hashRow(row: Omit<LedgerEventRow, 'hash'>): string {
  const text = JSON.stringify;
  const body = `{"actor":${text(row.actor)},"cause":${text(row.cause)},"data":${row.data},"id":${text(row.id)},"prev":${text(row.prev)},"seq":${row.seq},"subject":${text(row.subject)},"time":${row.time},"type":${text(row.type)},"uses":${row.uses}}`;
  return `sha256:${hash('sha256', body)}`;
}

export function toEvent(row: LedgerEventRow): LedgerEvent {
  return { ...row, data: JSON.parse(row.data) as JsonObject, uses: JSON.parse(row.uses) as string[] };
}
