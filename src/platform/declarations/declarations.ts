import Value from 'typebox/value';
import { digestJson } from '../digest.ts';
import { HoustonError, platformError } from '../errors.ts';
import { canonicalJson, type Json, type JsonObject } from '../json.ts';
import { record } from '../ledger/index.ts';
import type { Declarable } from '../module.ts';
import { checkName } from '../names.ts';
import { authorise, type Scope, transact, withCause } from '../scope.ts';

/** One entry that a declaration would create or change, with the values before and after. */
export type Change = { kind: string; name: string; action: 'create' | 'change'; before: Json; after: Json };

/** The content of a houston.yaml: kind → name → specification. `version` and `project` may stand beside. */
export type Declaration = Record<string, unknown>;

const headers = new Set(['version', 'project', 'description']);

/** Everything that is declarable, as one declaration. */
export async function exportDeclaration(
  scope: Scope,
  declarables: readonly Declarable[],
): Promise<JsonObject> {
  const result: JsonObject = { version: 1 };
  for (const declarable of inOrder(declarables)) result[declarable.kind] = await declarable.list(scope);
  return result;
}

/** What applying the declaration would create and change; entries that it does not name stay as they are. */
export async function planDeclaration(
  scope: Scope,
  declarables: readonly Declarable[],
  declaration: Declaration,
): Promise<Change[]> {
  checkDeclaration(declarables, declaration);
  const changes: Change[] = [];
  for (const { kind, list } of inOrder(declarables)) {
    const wanted = declaration[kind] as JsonObject | undefined;
    if (!wanted) continue;
    const present = await list(scope);
    for (const [name, after] of Object.entries(wanted)) {
      const before = present[name] ?? null;
      if (before !== null && covers(before, after)) continue;
      changes.push({ kind, name, action: before === null ? 'create' : 'change', before, after });
    }
  }
  return changes;
}

/** Makes it so, in one transaction: all of it or nothing. Returns the changes that were made. */
export async function applyDeclaration(
  scope: Scope,
  declarables: readonly Declarable[],
  declaration: Declaration,
  source: { commit?: string } = {},
): Promise<{ changes: Change[]; event: string | null }> {
  authorise(scope, 'declarations.apply');
  return transact(scope, async (tx) => {
    const changes = await planDeclaration(tx, declarables, declaration);
    if (changes.length === 0) return { changes, event: null };
    const digest = digestJson(declaration as JsonObject);
    const project = typeof declaration.project === 'string' ? declaration.project : 'default';
    const event = await record(tx, {
      type: 'platform.declaration.applied',
      subject: `project:${project}`,
      data: {
        digest,
        changes: changes.map(({ kind, name, action }) => ({ kind, name, action })),
        ...(source.commit && { commit: source.commit }),
      },
    });
    const because = withCause(tx, event.id);
    for (const { kind, name, after } of changes) {
      await declarables.find((declarable) => declarable.kind === kind)!.apply(because, name, after);
    }
    return { changes, event: event.id };
  });
}

const inOrder = (declarables: readonly Declarable[]) => [...declarables].sort((a, b) => a.order - b.order);

function checkDeclaration(declarables: readonly Declarable[], declaration: Declaration): void {
  const kinds = new Map(declarables.map((declarable) => [declarable.kind, declarable]));
  const invalid = (text: string) => platformError('platform.declaration.invalid', text);
  for (const [kind, entries] of Object.entries(declaration)) {
    if (headers.has(kind)) continue;
    const declarable = kinds.get(kind);
    if (!declarable)
      throw invalid(`"${kind}" is not a kind of entry; known are ${[...kinds.keys()].join(', ')}.`);
    if (entries === null || typeof entries !== 'object' || Array.isArray(entries)) {
      throw invalid(`"${kind}" must map names to specifications.`);
    }
    for (const [name, spec] of Object.entries(entries)) {
      checkName(kind, name);
      const [error] = Value.Errors(declarable.schema, spec);
      if (error) throw invalid(`${kind}.${name}${error.instancePath.replaceAll('/', '.')} ${error.message}.`);
      checkEntry(declarable, `${kind}.${name}`, spec);
    }
  }
}

/** The entry's own rules; what they say is told with the entry that it is about. */
function checkEntry({ check }: Declarable, entry: string, spec: Json): void {
  try {
    check?.(spec);
  } catch (error) {
    if (!(error instanceof HoustonError)) throw error;
    const { code, message, status, next, details } = error;
    throw new HoustonError(code, `${entry}: ${message}`, { status, next, ...(details && { details }) });
  }
}

/** True when everything that `wanted` says already stands in `present`; defaults may stand beside it. */
function covers(present: Json, wanted: Json): boolean {
  if (wanted === null || typeof wanted !== 'object' || Array.isArray(wanted)) {
    return canonicalJson(present) === canonicalJson(wanted);
  }
  if (present === null || typeof present !== 'object' || Array.isArray(present)) return false;
  return Object.entries(wanted).every(([key, value]) => key in present && covers(present[key], value));
}
