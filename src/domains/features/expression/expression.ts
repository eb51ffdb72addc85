import { sqlIdentifier, sqlLiteral } from '../../../platform/tables/sql.ts';
import type { Evaluate, Syntax, Typed, Value, ValueType } from './ast.ts';
import { functions } from './functions.ts';
import { parseExpression } from './parse.ts';
import { expressionError } from './tokens.ts';

export type { Evaluate, Row, Value, ValueType } from './ast.ts';

/** An expression, checked against typed columns, ready for both back-ends. */
export type Expression = {
  readonly text: string;
  readonly type: ValueType;
  /** Names of the columns that it reads. */
  readonly uses: ReadonlySet<string>;
  /** DuckDB SQL; timestamps and intervals are doubles of milliseconds there too. */
  readonly sql: string;
  readonly evaluate: Evaluate;
};

/**
 * Parses and types an expression over columns of known types.
 * Raises features.expression.invalid, which names the position and the fault.
 */
export function compileExpression(text: string, columns: Readonly<Record<string, ValueType>>): Expression {
  const syntax = parseExpression(text);
  const uses = new Set<string>();
  const typed = check(syntax, text, columns, uses);
  const sql = toSql(typed);
  if (sql.length > 200_000) throw expressionError(text, 0, 'The expression is too complicated');
  return { text, type: typed.type, uses, sql, evaluate: toClosure(typed) };
}

/** The names of the columns that an expression reads, before their types are known. */
export function columnsOf(text: string): Set<string> {
  const names = new Set<string>();
  const visit = (node: Syntax): void => {
    if (node.kind === 'column') names.add(node.name);
    if (node.kind === 'call') node.operands.forEach(visit);
    if (node.kind === 'case') {
      for (const branch of node.branches) [branch.when, branch.result].forEach(visit);
      if (node.otherwise) visit(node.otherwise);
    }
  };
  visit(parseExpression(text));
  return names;
}

/** SQL that reads a stored column as a value of the language. */
export function columnSql(column: string, type: ValueType): string {
  const name = sqlIdentifier(column);
  if (type === 'timestamp') return `floor(epoch_us(CAST(${name} AS TIMESTAMP)) / 1000.0)`;
  if (type === 'interval') return `CAST(${name} AS DOUBLE)`;
  return `CAST(${name} AS ${{ number: 'DOUBLE', string: 'VARCHAR', boolean: 'BOOLEAN' }[type]})`;
}

function check(
  node: Syntax,
  text: string,
  columns: Readonly<Record<string, ValueType>>,
  uses: Set<string>,
  wanted?: ValueType,
): Typed {
  const inner = (operand: Syntax, type?: ValueType) => check(operand, text, columns, uses, type);
  if (node.kind === 'literal') {
    const type = node.type === 'null' ? (wanted ?? 'number') : node.type;
    return { kind: 'literal', type, value: node.value };
  }
  if (node.kind === 'column') {
    const type = Object.hasOwn(columns, node.name) ? columns[node.name] : undefined;
    if (!type) {
      const known = Object.keys(columns).slice(0, 30).join(', ');
      throw expressionError(text, node.at, `There is no column "${node.name}"; known are ${known || 'none'}`);
    }
    uses.add(node.name);
    return { kind: 'column', type, name: node.name };
  }
  if (node.kind === 'case') return checkCase(node, text, inner, wanted);
  return checkCall(node, text, inner, wanted);
}

type Inner = (operand: Syntax, type?: ValueType) => Typed;
const isNull = (node: Syntax) => node.kind === 'literal' && node.type === 'null';

function checkCase(node: Syntax & { kind: 'case' }, text: string, inner: Inner, wanted?: ValueType): Typed {
  const results = [
    ...node.branches.map((branch) => branch.result),
    ...(node.otherwise ? [node.otherwise] : []),
  ];
  const known = results.find((result) => !isNull(result));
  const type = known ? inner(known, wanted).type : (wanted ?? 'number');
  const expect = (operand: Syntax, expected: ValueType): Typed => {
    const typed = inner(operand, expected);
    if (typed.type === expected) return typed;
    throw expressionError(text, operand.at, `Expected a ${expected} here, found a ${typed.type}`);
  };
  return {
    kind: 'case',
    type,
    branches: node.branches.map(({ when, result }) => ({
      when: expect(when, 'boolean'),
      result: expect(result, type),
    })),
    otherwise: node.otherwise ? expect(node.otherwise, type) : { kind: 'literal', type, value: null },
  };
}

function checkCall(node: Syntax & { kind: 'call' }, text: string, inner: Inner, wanted?: ValueType): Typed {
  const overloads = functions.get(node.name);
  if (!overloads) throw expressionError(text, node.at, `There is no function "${node.name}"`);
  const typed = node.operands.map((operand) => (isNull(operand) ? null : inner(operand)));
  const fitting = overloads.filter(({ operands, variadic }) => {
    const count = variadic ? typed.length >= 1 : typed.length === operands.length;
    return (
      count &&
      typed.every((operand, i) => !operand || operand.type === operands[Math.min(i, operands.length - 1)])
    );
  });
  const overload = fitting.find(({ result }) => result === wanted) ?? fitting[0];
  if (!overload) {
    const found = typed.map((operand) => operand?.type ?? 'null').join(', ') || 'nothing';
    const name = node.name.startsWith('cast ') ? 'a cast' : `"${node.name}"`;
    throw expressionError(text, node.at, `${name} cannot be applied to ${found}`);
  }
  const operands = node.operands.map(
    (operand, i) => typed[i] ?? inner(operand, overload.operands[Math.min(i, overload.operands.length - 1)]),
  );
  return { kind: 'call', type: overload.result, overload, operands };
}

const sqlTypes: Record<ValueType, string> = {
  number: 'DOUBLE',
  string: 'VARCHAR',
  boolean: 'BOOLEAN',
  timestamp: 'DOUBLE',
  interval: 'DOUBLE',
};

function toSql(node: Typed): string {
  if (node.kind === 'column') return sqlIdentifier(node.name);
  if (node.kind === 'literal') return `CAST(${literalText(node.value)} AS ${sqlTypes[node.type]})`;
  if (node.kind === 'call') return node.overload.sql(...node.operands.map(toSql));
  const branches = node.branches.map(({ when, result }) => `when ${toSql(when)} then ${toSql(result)}`);
  return `(case ${branches.join(' ')} else ${toSql(node.otherwise)} end)`;
}

function literalText(value: Value): string {
  return typeof value === 'number' ? `'${value}'` : sqlLiteral(value);
}

function toClosure(node: Typed): Evaluate {
  if (node.kind === 'literal') {
    const { value } = node;
    return () => value;
  }
  if (node.kind === 'column') {
    const { name } = node;
    return (row) => row[name] ?? null;
  }
  if (node.kind === 'call') return node.overload.js(...node.operands.map(toClosure));
  const branches = node.branches.map(({ when, result }) => ({
    when: toClosure(when),
    result: toClosure(result),
  }));
  const otherwise = toClosure(node.otherwise);
  return (row) => {
    for (const branch of branches) if (branch.when(row) === true) return branch.result(row);
    return otherwise(row);
  };
}
