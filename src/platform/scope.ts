import type { Db } from './db/database.ts';
import { platformError } from './errors.ts';
import type { Logger } from './log.ts';
import type { Platform } from './platform.ts';

/**
 * What every use case gets as its first argument: the database handle or transaction, who acts, what the
 * caller may do, and the ledger event that led here, so that causality records itself.
 */
export type Scope = {
  readonly db: Db;
  /** `user:ID`, `reactor:NAME`, `job:KIND` or `system:NAME`. */
  readonly actor: string;
  readonly permissions: ReadonlySet<string>;
  /** Id of the ledger event that led to this action. */
  readonly cause: string | null;
  readonly now: () => number;
  readonly log: Logger;
  readonly platform: Platform;
  /** Present inside a transaction: what to do once it has committed. */
  readonly afterCommit?: (() => void)[];
};

/** The permission that stands for all of them; only the system and the local user without login hold it. */
export const everything = '*';

/** Raises platform.auth.forbidden unless the caller holds `permission`. First line of each use case. */
export function authorise(scope: Scope, permission: string): void {
  if (scope.permissions.has(everything) || scope.permissions.has(permission)) return;
  throw platformError('platform.auth.forbidden', `This needs the permission ${permission}.`);
}

/**
 * Runs `work` in a transaction, joining the one that is open; wakes reactors and jobs after the commit. When
 * PostgreSQL breaks a deadlock or a serialisation conflict, the whole of `work` runs again: it must have no
 * effect outside the transaction but through `afterCommit`.
 */
export async function transact<T>(scope: Scope, work: (tx: Scope) => Promise<T>): Promise<T> {
  if (scope.afterCommit) return work(scope);
  for (let attempt = 1; ; attempt++) {
    const afterCommit: (() => void)[] = [];
    try {
      const result = await scope.db.transaction().execute((trx) => work({ ...scope, db: trx, afterCommit }));
      for (const action of afterCommit) action();
      return result;
    } catch (error) {
      if (attempt === 5 || !isConflict(error)) throw error;
    }
  }
}

/** deadlock_detected and serialization_failure of PostgreSQL. */
function isConflict(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === '40P01' || code === '40001';
}

/** Runs `action` after the commit of the open transaction, or at once when there is none. */
export function afterCommit(scope: Scope, action: () => void): void {
  if (scope.afterCommit) scope.afterCommit.push(action);
  else action();
}

/** The same scope, acting because of another event. */
export function withCause(scope: Scope, cause: string | null): Scope {
  return { ...scope, cause };
}
