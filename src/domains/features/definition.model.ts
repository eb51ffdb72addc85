import { digestJson } from '../../platform/digest.ts';
import type { Json } from '../../platform/json.ts';
import { columnsOf, compileExpression, type Expression, type ValueType } from './expression/expression.ts';
import type { FeatureServiceDefinition, WindowDefinition } from './features.contract.ts';
import { featuresError } from './features.errors.ts';

/** A computed column of the source, in the order of declaration. */
export type Derived = { name: string; expression: Expression };

/** Tiles that window features share: one key of past rows, one known time, one grain. */
export type Group = {
  readonly key: readonly string[];
  readonly knownAt: string;
  /** Milliseconds. */
  readonly grain: number;
  /** Distinct aggregated expressions, numbers or booleans. */
  readonly values: readonly Expression[];
  /** The longest window in tiles. */
  readonly longest: number;
};

/** By which columns of a request a group is read. */
export type Lookup = { readonly group: number; readonly columns: readonly string[] };

export type Feature = { readonly name: string; readonly description: string } & (
  | { readonly kind: 'expression'; readonly expression: Expression }
  | {
      readonly kind: 'window';
      readonly aggregate: 'count' | 'sum' | 'mean';
      /** Index into the groups, and into the lookups. */
      readonly group: number;
      readonly lookup: number;
      /** Index into the group's values; -1 for a count. */
      readonly value: number;
      /** Length in tiles of the group's grain. */
      readonly tiles: number;
    }
);

/** A feature service, checked and compiled: what both back-ends run. */
export type FeatureService = {
  readonly name: string;
  readonly digest: string;
  readonly definition: FeatureServiceDefinition;
  readonly source: string;
  readonly eventTime: string;
  readonly label: string | null;
  readonly slices: readonly string[];
  /** Stored columns that are read, with their types. */
  readonly columns: Readonly<Record<string, ValueType>>;
  readonly derived: readonly Derived[];
  /** Types of stored and computed columns alike. */
  readonly types: Readonly<Record<string, ValueType>>;
  readonly request: Readonly<Record<string, ValueType>>;
  readonly features: readonly Feature[];
  readonly groups: readonly Group[];
  readonly lookups: readonly Lookup[];
};

const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Milliseconds of a duration such as 3h. */
export function durationMs(text: string): number {
  return Number(text.slice(0, -1)) * units[text.slice(-1)];
}

function invalid(where: string, message: string): Error {
  return featuresError('features.definition.invalid', `${where}: ${message}`, { field: where });
}

function within<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw invalid(where, error instanceof Error ? error.message : String(error));
  }
}

/**
 * Checks and compiles a definition. Raises features.definition.invalid, which names the field and the fault.
 * The digest covers the canonical JSON of the definition and the names of the features in their order.
 */
export function compileService(name: string, definition: FeatureServiceDefinition): FeatureService {
  const { columns, derived, types } = resolveColumns(definition);
  const request: Record<string, ValueType> = { ...definition.request };
  if (request[definition.event_time] !== 'timestamp') {
    throw invalid('request', `the event time "${definition.event_time}" must be a timestamp of the request.`);
  }
  const known = fromRequest(request, derived);
  const groups: Group[] = [];
  const lookups: Lookup[] = [];
  const features = Object.entries(definition.features).map(([feature, spec]): Feature => {
    const where = `features.${feature}`;
    const description = spec.description ?? '';
    if (feature.startsWith('__')) throw invalid(where, 'names that start with __ are reserved.');
    if (!('expression' in spec)) {
      return {
        name: feature,
        description,
        ...window(where, spec, definition, types, known, { groups, lookups }),
      };
    }
    const expression = within(where, () => compileExpression(spec.expression, types));
    const outside = [...expression.uses].find((column) => !known.has(column));
    if (outside)
      throw invalid(where, `"${outside}" is not part of the request, so a live request cannot have it.`);
    if (expression.type !== 'number' && expression.type !== 'boolean') {
      throw invalid(where, `a feature is a number or a boolean, not a ${expression.type}.`);
    }
    return { name: feature, description, kind: 'expression', expression };
  });
  checkOutputs(definition, types);
  const order = Object.keys(definition.features);
  return {
    name,
    digest: digestJson({ definition: definition as unknown as Json, order }),
    definition,
    source: definition.source,
    eventTime: definition.event_time,
    label: definition.label ?? null,
    slices: definition.slices ?? [],
    columns,
    derived,
    types,
    request,
    features,
    groups,
    lookups,
  };
}

/** Stored columns (those of the request, of `columns`, else numbers) and computed ones. */
function resolveColumns(definition: FeatureServiceDefinition) {
  const derive = definition.derive ?? {};
  const declared: Record<string, ValueType> = { ...definition.columns, ...definition.request };
  const columns: Record<string, ValueType> = { ...declared };
  const stored = (names: Iterable<string>) => {
    for (const name of names) if (!Object.hasOwn(derive, name)) columns[name] ??= 'number';
  };
  for (const [name, text] of Object.entries(derive)) {
    if (Object.hasOwn(declared, name))
      throw invalid(`derive.${name}`, 'a stored column has this name already.');
    stored(within(`derive.${name}`, () => columnsOf(text)));
  }
  for (const [name, spec] of Object.entries(definition.features)) {
    const texts = 'expression' in spec ? [] : [spec.mean, spec.sum].filter((text) => text !== undefined);
    for (const text of texts) stored(within(`features.${name}`, () => columnsOf(text)));
  }
  if (definition.label !== undefined) stored([definition.label]);
  const types: Record<string, ValueType> = { ...columns };
  const derived: Derived[] = [];
  for (const [name, text] of Object.entries(derive)) {
    const expression = within(`derive.${name}`, () => compileExpression(text, types));
    types[name] = expression.type;
    derived.push({ name, expression });
  }
  return { columns, derived, types };
}

/** Columns that a live request has: its own, and those computed from them alone. */
function fromRequest(request: Record<string, ValueType>, derived: readonly Derived[]): Set<string> {
  const known = new Set(Object.keys(request));
  for (const { name, expression } of derived) {
    if ([...expression.uses].every((column) => known.has(column))) known.add(name);
  }
  return known;
}

function window(
  where: string,
  spec: WindowDefinition,
  definition: FeatureServiceDefinition,
  types: Readonly<Record<string, ValueType>>,
  known: ReadonlySet<string>,
  shared: { groups: Group[]; lookups: Lookup[] },
) {
  const aggregates = (['count', 'mean', 'sum'] as const).filter((name) => spec[name] !== undefined);
  if (aggregates.length !== 1) throw invalid(where, 'give exactly one of count, mean and sum.');
  const aggregate = aggregates[0];
  const grain = durationMs(spec.grain ?? '1m');
  const over = durationMs(spec.over);
  if (over % grain !== 0)
    throw invalid(where, `the window ${spec.over} is not a multiple of the grain ${spec.grain ?? '1m'}.`);
  if (over / grain > 1_000_000)
    throw invalid(where, 'the window holds more than 1,000,000 grains; take a coarser grain.');
  const lookup = spec.lookup ?? spec.key;
  checkKey(where, spec.key, lookup, types, known);
  const text = spec.mean ?? spec.sum;
  const value = text === undefined ? null : within(where, () => compileExpression(text, types));
  if (value && value.type !== 'number' && value.type !== 'boolean') {
    throw invalid(where, `${aggregate} needs a number or a boolean, not a ${value.type}.`);
  }
  if (spec.known_at === undefined && value && [...value.uses].some((column) => !known.has(column))) {
    throw invalid(where, 'it aggregates an outcome, so known_at must say when that outcome is known.');
  }
  const knownAt = spec.known_at ?? definition.event_time;
  if (types[knownAt] !== 'timestamp')
    throw invalid(where, `known_at "${knownAt}" is not a timestamp column.`);
  const tiles = over / grain;
  const member = joinGroup(shared.groups, { key: spec.key, knownAt, grain }, value, tiles);
  const same = (one: Lookup) => one.group === member.group && one.columns.join('\0') === lookup.join('\0');
  let index = shared.lookups.findIndex(same);
  if (index < 0) index = shared.lookups.push({ group: member.group, columns: lookup }) - 1;
  return { kind: 'window' as const, aggregate, ...member, lookup: index, tiles };
}

function checkKey(
  where: string,
  key: readonly string[],
  lookup: readonly string[],
  types: Readonly<Record<string, ValueType>>,
  known: ReadonlySet<string>,
): void {
  if (lookup.length !== key.length)
    throw invalid(where, 'lookup and key must have the same number of columns.');
  for (const [i, column] of key.entries()) {
    const type = Object.hasOwn(types, column) ? types[column] : undefined;
    if (type === undefined) throw invalid(where, `there is no column "${column}" to use as a key.`);
    if (!known.has(lookup[i]))
      throw invalid(where, `"${lookup[i]}" is not part of the request, so it cannot be looked up.`);
    if (types[lookup[i]] !== type)
      throw invalid(where, `"${column}" and "${lookup[i]}" have different types.`);
  }
}

/** Puts a window into the group of equal key, known time and grain, or opens one. */
function joinGroup(
  groups: Group[],
  shape: Pick<Group, 'key' | 'knownAt' | 'grain'>,
  value: Expression | null,
  tiles: number,
): { group: number; value: number } {
  const identity = JSON.stringify(shape);
  let group = groups.findIndex(
    ({ key, knownAt, grain }) => JSON.stringify({ key, knownAt, grain }) === identity,
  );
  if (group < 0) group = groups.push({ ...shape, values: [], longest: 0 }) - 1;
  const before = groups[group];
  let index = value ? before.values.findIndex(({ text }) => text === value.text) : -1;
  const values = value && index < 0 ? [...before.values, value] : before.values;
  if (value && index < 0) index = values.length - 1;
  groups[group] = { ...before, values, longest: Math.max(before.longest, tiles) };
  return { group, value: index };
}

function checkOutputs(
  definition: FeatureServiceDefinition,
  types: Readonly<Record<string, ValueType>>,
): void {
  const { label, slices = [] } = definition;
  if (label !== undefined && !['number', 'boolean'].includes(types[label])) {
    throw invalid('label', `the label "${label}" is not a number or a boolean.`);
  }
  for (const slice of slices) {
    if (!Object.hasOwn(types, slice) && !Object.hasOwn(definition.features, slice)) {
      throw invalid('slices', `there is no column or feature "${slice}".`);
    }
  }
}
