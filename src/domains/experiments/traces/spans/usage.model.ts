/** Tokens and cost of model calls, as columns of spans and traces; null where nobody reported them. */
export type Usage = {
  input_tokens: number | null;
  output_tokens: number | null;
  total_tokens: number | null;
  cache_read_tokens: number | null;
  cache_creation_tokens: number | null;
  input_cost: number | null;
  output_cost: number | null;
  total_cost: number | null;
};

export const noUsage: Readonly<Usage> = {
  input_tokens: null,
  output_tokens: null,
  total_tokens: null,
  cache_read_tokens: null,
  cache_creation_tokens: null,
  input_cost: null,
  output_cost: null,
  total_cost: null,
};

/** Columns by the names that clients give them. */
const tokenNames = {
  input_tokens: 'input_tokens',
  output_tokens: 'output_tokens',
  total_tokens: 'total_tokens',
  cache_read_input_tokens: 'cache_read_tokens',
  cache_creation_input_tokens: 'cache_creation_tokens',
} as const satisfies Record<string, keyof Usage>;
const costNames = {
  input_cost: 'input_cost',
  output_cost: 'output_cost',
  total_cost: 'total_cost',
} as const satisfies Record<string, keyof Usage>;

const USAGE = { tokens: 'mlflow.trace.tokenUsage', cost: 'mlflow.trace.cost' } as const;

type Values = Readonly<Record<string, unknown>>;

/** A finite number, also when it stands in a text; null for anything else. */
export function figure(value: unknown): number | null {
  const number =
    typeof value === 'number' || typeof value === 'bigint'
      ? Number(value)
      : typeof value === 'string' && value.trim() !== ''
        ? Number(value)
        : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

function pick(values: Values, names: Readonly<Record<string, keyof Usage>>): Partial<Usage> {
  return Object.fromEntries(Object.entries(names).map(([name, column]) => [column, figure(values[name])]));
}

export const tokensOf = (values: Values) => pick(values, tokenNames);
export const costOf = (values: Values) => pick(values, costNames);

/** The usage that metadata of a trace tell; only those columns that they speak of. */
export function readUsage(metadata: Readonly<Record<string, string>>): Partial<Usage> {
  return {
    ...(metadata[USAGE.tokens] !== undefined && tokensOf(parseObject(metadata[USAGE.tokens]) ?? {})),
    ...(metadata[USAGE.cost] !== undefined && costOf(parseObject(metadata[USAGE.cost]) ?? {})),
  };
}

/** The figures that are there, in the words of clients; undefined when none is. */
function written(usage: Usage, names: Readonly<Record<string, keyof Usage>>) {
  const figures: Record<string, number> = {};
  for (const [name, column] of Object.entries(names)) {
    if (usage[column] !== null) figures[name] = usage[column];
  }
  return Object.keys(figures).length > 0 ? figures : undefined;
}

export const writtenTokens = (usage: Usage) => written(usage, tokenNames);

/** The same as metadata of a trace. */
export function usageMetadata(usage: Usage): Record<string, string> {
  const [tokens, cost] = [writtenTokens(usage), written(usage, costNames)];
  return {
    ...(tokens && { [USAGE.tokens]: JSON.stringify(tokens) }),
    ...(cost && { [USAGE.cost]: JSON.stringify(cost) }),
  };
}

/** An object, also when it stands as JSON in a text. */
export function parseObject(value: unknown): Values | undefined {
  if (typeof value === 'string') {
    try {
      const parsed: unknown = JSON.parse(value);
      return typeof parsed === 'string' ? undefined : parseObject(parsed);
    } catch {
      return undefined;
    }
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : undefined;
}

export type UsageNode = Usage & { id: string; parent_id: string | null };

/**
 * Adds up a tree of spans. A span that reports a figure stands for everything below it: agents often report the sum
 * of their calls, and counting both would double it. Tokens and cost are judged apart.
 */
export function sumUsage(nodes: readonly UsageNode[]): Usage {
  const below = new Map<string, UsageNode[]>();
  const ids = new Set(nodes.map(({ id }) => id));
  const roots: UsageNode[] = [];
  for (const node of nodes) {
    if (node.parent_id === null || node.parent_id === node.id || !ids.has(node.parent_id)) roots.push(node);
    else {
      const siblings = below.get(node.parent_id);
      if (siblings) siblings.push(node);
      else below.set(node.parent_id, [node]);
    }
  }
  const total: Usage = { ...noUsage };
  const stack = roots.map((node) => ({ node, tokens: false, cost: false }));
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { node } = top;
    const hasTokens = Object.values(tokenNames).some((column) => node[column] !== null);
    const hasCost = Object.values(costNames).some((column) => node[column] !== null);
    if (hasTokens && !top.tokens) add(total, node, Object.values(tokenNames));
    if (hasCost && !top.cost) add(total, node, Object.values(costNames));
    for (const child of below.get(node.id) ?? []) {
      stack.push({ node: child, tokens: top.tokens || hasTokens, cost: top.cost || hasCost });
    }
  }
  return total;
}

function add(total: Usage, node: Usage, columns: readonly (keyof Usage)[]): void {
  for (const column of columns) {
    if (node[column] !== null) total[column] = (total[column] ?? 0) + node[column];
  }
}
