/** The types of the expression language. A timestamp and an interval are whole milliseconds (UTC). */
export type ValueType = 'number' | 'string' | 'boolean' | 'timestamp' | 'interval';

/** A value at run time: timestamps and intervals are numbers of milliseconds. */
export type Value = number | string | boolean | null;

export type Row = { readonly [column: string]: Value };

/** What the parser yields; every operator is a call of a function of the table in functions.ts. */
export type Syntax =
  | { kind: 'literal'; type: ValueType | 'null'; value: Value; at: number }
  | { kind: 'column'; name: string; at: number }
  | { kind: 'call'; name: string; operands: Syntax[]; at: number }
  | { kind: 'case'; branches: { when: Syntax; result: Syntax }[]; otherwise: Syntax | null; at: number };

/** What the checker yields: every node knows its type, every call its overload. */
export type Typed =
  | { kind: 'literal'; type: ValueType; value: Value }
  | { kind: 'column'; type: ValueType; name: string }
  | { kind: 'call'; type: ValueType; overload: Overload; operands: Typed[] }
  | { kind: 'case'; type: ValueType; branches: { when: Typed; result: Typed }[]; otherwise: Typed };

export type Evaluate = (row: Row) => Value;

/**
 * One meaning of a function or operator, in both back-ends side by side.
 * `sql` gets the operands as SQL text, `js` as closures; both must return the same value for the same row.
 */
export type Overload = {
  readonly operands: readonly ValueType[];
  /** The last operand may repeat. */
  readonly variadic?: boolean;
  readonly result: ValueType;
  readonly sql: (...operands: string[]) => string;
  readonly js: (...operands: Evaluate[]) => Evaluate;
};
