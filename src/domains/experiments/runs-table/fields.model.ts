import { experimentsError } from '../experiments.contract.ts';

/** A column of the runs table beyond the attributes that every run has. */
export type Field = { kind: 'metric' | 'param' | 'tag'; key: string };
export type GroupField = Field | { kind: 'status' | 'user' | 'parent'; key: '' };

const prefixes = { metrics: 'metric', params: 'param', tags: 'tag' } as const;

/** Reads `metrics.KEY`, `params.KEY` or `tags.KEY`. @throws experiments.search.invalid */
export function parseField(text: string): Field {
  const dot = text.indexOf('.');
  const prefix = text.slice(0, Math.max(0, dot));
  if (!Object.hasOwn(prefixes, prefix) || dot === text.length - 1) {
    throw experimentsError(
      'experiments.search.invalid',
      'A column is named "metrics.KEY", "params.KEY" or "tags.KEY".',
    );
  }
  return { kind: prefixes[prefix as keyof typeof prefixes], key: text.slice(dot + 1) };
}

/** Reads what runs are grouped by. @throws experiments.search.invalid */
export function parseGroup(text: string): GroupField {
  if (text === 'status' || text === 'user' || text === 'parent') return { kind: text, key: '' };
  const field = parseField(text);
  if (field.kind !== 'metric') return field;
  throw experimentsError(
    'experiments.search.invalid',
    'Runs are grouped by a param, a tag, "status", "user" or "parent".',
  );
}

type Lineage = { ids: readonly string[]; parents: ReadonlyMap<string, string> };
export type TreeRow = { id: string; depth: number; children: number };

/**
 * Runs with their children right below them, in the order given; children show where their parents are open. A run
 * whose parent is not among the runs stands at the top.
 */
export function nest({ ids, parents }: Lineage, open: ReadonlySet<string>): TreeRow[] {
  const known = new Set(ids);
  const below = new Map<string, string[]>();
  const top: string[] = [];
  for (const id of ids) {
    const parent = parents.get(id);
    if (parent === undefined || !known.has(parent) || !hasTop(id, parents, known)) top.push(id);
    else {
      const siblings = below.get(parent);
      if (siblings) siblings.push(id);
      else below.set(parent, [id]);
    }
  }
  const rows: TreeRow[] = [];
  const seen = new Set<string>();
  const add = (id: string, depth: number) => {
    if (seen.has(id)) return;
    seen.add(id);
    const children = below.get(id) ?? [];
    rows.push({ id, depth, children: children.length });
    if (open.has(id)) for (const child of children) add(child, depth + 1);
  };
  for (const id of top) add(id, 0);
  return rows;
}

/** Whether the way up ends; clients may make a run its own ancestor. */
function hasTop(id: string, parents: ReadonlyMap<string, string>, known: ReadonlySet<string>): boolean {
  const passed = new Set<string>();
  for (let at: string | undefined = id; at !== undefined && known.has(at); at = parents.get(at)) {
    if (passed.has(at)) return false;
    passed.add(at);
  }
  return true;
}
