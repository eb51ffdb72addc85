import { createHash, randomBytes } from 'node:crypto';
import { isDisconnected } from '../db/disconnected.ts';
import { defineErrors, platformError } from '../errors.ts';
import { newId } from '../ids.ts';
import { record } from '../ledger/index.ts';
import { authorise, everything, type Scope, transact } from '../scope.ts';
import { permissionsOf, type Role, roleNames } from './roles.ts';
import { beginCheck, forgetCallers, rememberedCaller } from './token-cache.ts';

export const authError = defineErrors({
  'auth.user.not_found': { status: 404, next: 'List the users to find the id.' },
  'auth.user.exists': {
    status: 409,
    next: 'Choose another id, or change the roles of the user that is there.',
  },
  'auth.role.unknown': { status: 400, next: `Use one of ${roleNames.join(', ')}.` },
});

export type User = { id: string; roles: Role[]; createdAt: number };
export type Caller = { actor: string; user: User; permissions: ReadonlySet<string> };

/** Who calls without a token on a server without login: the person at this machine, who may do everything. */
export const localCaller: Caller = {
  actor: 'user:local',
  user: { id: 'local', roles: ['admin', 'approver', 'code-runner'], createdAt: 0 },
  permissions: new Set([everything]),
};

const hashToken = (token: string) => createHash('sha256').update(token).digest('hex');

/**
 * The caller that a token stands for, or undefined. Tokens are 256 random bits, stored as SHA-256, so that no slow hash
 * is needed; a good one is remembered for seconds, and forgotten when users or tokens change.
 */
export function callerOfToken(scope: Scope, token: string): Caller | Promise<Caller | undefined> {
  const hash = hashToken(token);
  return rememberedCaller(scope.platform, hash) ?? findCaller(scope, hash);
}

async function findCaller(scope: Scope, hash: string): Promise<Caller | undefined> {
  try {
    return await askForCaller(scope, hash);
  } catch (error) {
    const known = isDisconnected(error) ? rememberedCaller(scope.platform, hash, true) : undefined;
    if (known) return known;
    throw error;
  }
}

async function askForCaller(scope: Scope, hash: string): Promise<Caller | undefined> {
  const remember = beginCheck(scope.platform, hash);
  const row = await scope.db
    .selectFrom('auth_tokens')
    .innerJoin('auth_users', 'auth_users.id', 'auth_tokens.user_id')
    .select(['auth_users.id', 'auth_users.roles', 'auth_users.created_at', 'auth_tokens.expires_at'])
    .where('auth_tokens.hash', '=', hash)
    .where('auth_users.disabled', '=', 0)
    .executeTakeFirst();
  if (!row || (row.expires_at !== null && row.expires_at < scope.now())) return undefined;
  const roles = JSON.parse(row.roles) as Role[];
  const caller: Caller = {
    actor: `user:${row.id}`,
    user: { id: row.id, roles, createdAt: row.created_at },
    permissions: permissionsOf(roles),
  };
  remember(caller, row.expires_at);
  return caller;
}

export async function listUsers(scope: Scope): Promise<User[]> {
  const rows = await scope.db.selectFrom('auth_users').selectAll().orderBy('id').execute();
  return rows.map((row) => ({
    id: row.id,
    roles: JSON.parse(row.roles) as Role[],
    createdAt: row.created_at,
  }));
}

/** Adds a user. Raises auth.user.exists and auth.role.unknown. */
export async function createUser(scope: Scope, id: string, roles: readonly string[]): Promise<User> {
  authorise(scope, 'auth.manage');
  checkRoles(roles);
  return transact(scope, async (tx) => {
    const taken = await tx.db.selectFrom('auth_users').select('id').where('id', '=', id).executeTakeFirst();
    if (taken || id === 'local') throw authError('auth.user.exists', 'A user with this id is there already.');
    const createdAt = tx.now();
    await tx.db
      .insertInto('auth_users')
      .values({ id, roles: JSON.stringify(roles), disabled: 0, created_at: createdAt })
      .execute();
    await record(tx, { type: 'auth.user.created', subject: `user:${id}`, data: { roles: [...roles] } });
    return { id, roles: [...roles] as Role[], createdAt };
  });
}

/** Gives a user exactly these roles. Raises auth.user.not_found and auth.role.unknown. */
export async function setRoles(scope: Scope, id: string, roles: readonly string[]): Promise<void> {
  authorise(scope, 'auth.manage');
  checkRoles(roles);
  await transact(scope, async (tx) => {
    const result = await tx.db
      .updateTable('auth_users')
      .set({ roles: JSON.stringify(roles) })
      .where('id', '=', id)
      .executeTakeFirst();
    if (Number(result.numUpdatedRows) === 0)
      throw authError('auth.user.not_found', 'There is no user with this id.');
    forgetCallers(tx);
    await record(tx, { type: 'auth.roles.changed', subject: `user:${id}`, data: { roles: [...roles] } });
  });
}

/** Makes a token for a user and returns it; it is never shown again. `days` limits its life. */
export async function createToken(
  scope: Scope,
  userId: string,
  note: string,
  days?: number,
): Promise<string> {
  authorise(scope, 'auth.manage');
  const token = `houston_${randomBytes(32).toString('base64url')}`;
  await transact(scope, async (tx) => {
    const user = await tx.db
      .selectFrom('auth_users')
      .select('id')
      .where('id', '=', userId)
      .executeTakeFirst();
    if (!user) throw authError('auth.user.not_found', 'There is no user with this id.');
    const now = tx.now();
    const expires = days === undefined ? null : now + days * 86_400_000;
    const id = newId('tok');
    await tx.db
      .insertInto('auth_tokens')
      .values({ id, user_id: userId, hash: hashToken(token), note, created_at: now, expires_at: expires })
      .execute();
    await record(tx, { type: 'auth.token.created', subject: `user:${userId}`, data: { token: id, note } });
  });
  return token;
}

/** Takes every token of a user away. */
export async function revokeTokens(scope: Scope, userId: string): Promise<void> {
  authorise(scope, 'auth.manage');
  await transact(scope, async (tx) => {
    await tx.db.deleteFrom('auth_tokens').where('user_id', '=', userId).execute();
    forgetCallers(tx);
    await record(tx, { type: 'auth.tokens.revoked', subject: `user:${userId}` });
  });
}

/** On a server with login and no user yet: makes the administrator and returns its token, once. */
export async function bootstrapAdministrator(scope: Scope): Promise<string | null> {
  const any = await scope.db.selectFrom('auth_users').select('id').limit(1).executeTakeFirst();
  if (any) return null;
  await createUser(scope, 'admin', ['admin', 'approver']);
  return createToken(scope, 'admin', 'made at the first start');
}

function checkRoles(roles: readonly string[]): void {
  const unknown = roles.find((role) => !(roleNames as string[]).includes(role));
  if (unknown !== undefined) throw authError('auth.role.unknown', 'One of the roles does not exist.');
  if (roles.length === 0) throw platformError('platform.input.invalid', 'A user needs at least one role.');
}
