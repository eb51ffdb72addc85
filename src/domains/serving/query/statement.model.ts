/**
 * Which statements may read the prediction log. DuckDB parses the text (json_serialize_sql, which takes SELECT only);
 * what it found is walked, and whatever could reach beyond the view is refused by name. The instance that runs it is
 * locked as well, so this is one of two walls.
 */

export type Refusal = {
  code: 'serving.query.invalid' | 'serving.query.refused';
  message: string;
  /** Where in the text, from 0; null when it is unknown. */
  offset: number | null;
};

/** The one view there is. */
export const viewName = 'predictions';

const tableFunctions = new Set(['range', 'generate_series', 'unnest']);
/** Scalar functions that tell of the server or run what they are given. */
const refusedFunctions =
  /^(current_setting|getenv|getvariable|set_config|write_log|query|query_table|which_secret|version|current_(database|schema|schemas|catalog|user|role|query|query_id|connection_id|transaction_id)|session_user|user|txid_current|nextval|currval|in_search_path|json_execute_serialized_sql|parse_duckdb_log_message|has_.*_privilege|(pg|duckdb|pragma|sqlite|icu)_.*|(read|write|scan|from_substrait).*|.*_scan|glob|sniff_csv|parquet_.*)$/i;
const plainName = /^[a-z_]\w*$/i;
const reservedName = /^(duckdb|pg|sqlite|pragma|information_schema)/i;

type Node = Record<string, unknown>;

/** The reply of json_serialize_sql. */
export type Parsed = {
  error: boolean;
  error_type?: string;
  error_message?: string;
  position?: string;
  statements?: unknown[];
};

/** Why a parsed text may not run, or null when it may. */
export function refusalOf(parsed: Parsed): Refusal | null {
  if (parsed.error) {
    if (parsed.error_type === 'not implemented') return refused('Only one SELECT may run here.', null);
    const offset = parsed.position === undefined ? null : Number(parsed.position);
    return {
      code: 'serving.query.invalid',
      message: sentence(parsed.error_message ?? 'It is no SQL'),
      offset,
    };
  }
  const statements = parsed.statements ?? [];
  if (statements.length !== 1) return refused('Only one statement may run at a time.', null);
  const names = new Set([viewName]);
  const ctes = collectCtes(statements[0], names);
  return ctes ?? walk(statements[0], names);
}

const refused = (message: string, offset: number | null): Refusal => ({
  code: 'serving.query.refused',
  message,
  offset,
});

function sentence(text: string): string {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}

/** Names of WITH count as tables wherever they stand, so none may be spelt like something of the system's. */
function collectCtes(node: unknown, names: Set<string>): Refusal | null {
  if (node === null || typeof node !== 'object') return null;
  if (Array.isArray(node)) {
    for (const one of node) {
      const refusal = collectCtes(one, names);
      if (refusal) return refusal;
    }
    return null;
  }
  const { cte_map: map } = node as { cte_map?: { map?: { key?: unknown }[] } };
  for (const { key } of map?.map ?? []) {
    const name = String(key);
    if (!plainName.test(name) || reservedName.test(name))
      return refused(`The name "${name}" is not for WITH.`, null);
    names.add(name.toLowerCase());
  }
  return collectCtes(Object.values(node), names);
}

function walk(node: unknown, names: ReadonlySet<string>): Refusal | null {
  if (node === null || typeof node !== 'object') return null;
  if (Array.isArray(node)) {
    for (const one of node) {
      const refusal = walk(one, names);
      if (refusal) return refusal;
    }
    return null;
  }
  return refusalOfNode(node as Node, names) ?? walk(Object.values(node), names);
}

function refusalOfNode(node: Node, names: ReadonlySet<string>): Refusal | null {
  const at = offsetOf(node);
  switch (node.type) {
    case 'BASE_TABLE': {
      const name = String(node.table_name);
      const isPlain = !node.schema_name && !node.catalog_name;
      if (isPlain && names.has(name.toLowerCase())) return null;
      return refused(`There is no table "${name}" here, only the view predictions.`, at);
    }
    case 'TABLE_FUNCTION': {
      const name = String((node.function as Node | undefined)?.function_name ?? '');
      if (tableFunctions.has(name.toLowerCase())) return null;
      return refused(`The table function "${name}" is not for here.`, at);
    }
    case 'SHOW_REF':
      return node.query && !node.table_name ? null : refused('SHOW is not for here.', at);
    case 'FUNCTION':
    case 'WINDOW_AGGREGATE': {
      const name = String(node.function_name ?? '');
      return refusedFunctions.test(name) ? refused(`The function "${name}" is not for here.`, at) : null;
    }
    default:
      return null;
  }
}

/** The offset of a node; DuckDB says 2^64 − 1 where there is none. */
function offsetOf(node: Node): number | null {
  const at = node.query_location;
  return typeof at === 'number' && at < 1e9 ? at : null;
}

/** Line and column, both from 1, of an offset. */
export function placeOf(sql: string, offset: number | null): { line: number; column: number } | null {
  if (offset === null || offset > sql.length) return null;
  const before = sql.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/**
 * The sentence and the place of an error of DuckDB's: "Binder Error: … LINE 3:   nope from v\n   ^". Paths do not
 * leave the server.
 */
export function readFailure(text: string): {
  kind: string;
  message: string;
  place: { line: number; column: number } | null;
} {
  const [, kind = 'Error', rest = text] = /^([\w ]+? Error):\s*([\s\S]*)$/.exec(text) ?? [];
  const [said = ''] = rest.split(/\n\s*\nLINE \d+:|\nLINE \d+:/);
  const marked = /LINE (\d+): (.*)\n(\s*)\^/.exec(rest);
  const place =
    marked && !marked[2].startsWith('...')
      ? { line: Number(marked[1]), column: marked[3].length - `LINE ${marked[1]}: `.length + 1 }
      : null;
  const message = said
    .trim()
    .replace(/"?\/[^\s"']+"?/g, 'a file')
    .replaceAll(/\s*\n\s*/g, ' ');
  return { kind, message: sentence(message), place };
}
