import fc from 'fast-check';

export type JsonSchema = {
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  patternProperties?: Record<string, JsonSchema>;
};

/** Strings that have broken servers: traversal, control characters, SQL, templates, huge, unpaired surrogates. */
export const nasty = fc.constantFrom(
  '',
  '..',
  '../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '%252e%252e%252f',
  'C:\\Windows\\win.ini',
  '/etc/passwd',
  'a;b#c?d',
  "'; drop table ledger_events; --",
  '"; select 1',
  '\u0000',
  '\ud800',
  '__proto__',
  'constructor',
  '${jobs.x}',
  '{{7*7}}',
  'x'.repeat(5000),
  '💥',
  'NaN',
  '-1',
  '1e400',
  'null',
);

const anything: fc.Arbitrary<unknown> = fc.oneof(
  nasty,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.integer(), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 5 }), fc.integer(), { maxKeys: 3 }),
);

/** Values that mostly fit the schema, with a part in ten that does not. */
export function arbitraryOf(schema: JsonSchema | undefined, depth = 0): fc.Arbitrary<unknown> {
  if (!schema || depth > 6) return anything;
  return fc.oneof({ weight: 9, arbitrary: fitting(schema, depth) }, { weight: 1, arbitrary: anything });
}

function fitting(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => arbitraryOf(one, depth + 1)));
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'object': {
      if (!schema.properties) return fc.dictionary(fc.string({ maxLength: 8 }), anything, { maxKeys: 3 });
      const required = schema.required ?? [];
      const entries = Object.entries(schema.properties).map(
        ([key, value]) => [key, arbitraryOf(value, depth + 1)] as const,
      );
      return fc.record(Object.fromEntries(entries), { requiredKeys: required });
    }
    case 'array':
      return fc.array(arbitraryOf(schema.items, depth + 1), { maxLength: 3 });
    case 'integer':
      return fc.integer({
        min: schema.minimum ?? -5,
        max: Math.max(schema.maximum ?? 1000, schema.minimum ?? -5),
      });
    case 'number':
      return fc.double({ noNaN: true, min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6 });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'string':
      return fc.oneof(fc.constantFrom('alpha', 'beta-1', 'latest', '2001-02-03T04:05:06Z', '1'), nasty);
    default:
      return anything;
  }
}
