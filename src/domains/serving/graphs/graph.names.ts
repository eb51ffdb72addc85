import { columnsOf } from '../../features/index.ts';
import type { GraphNodeInput, GraphSpecInput, TransformValueInput } from './graph.contract.ts';

/** How nodes, fields and columns are named in references and expressions. */

/** The node that a reference names, if it names one: what stands before the first dot or bracket. */
export function nodeOf(reference: string, spec: GraphSpecInput): string | undefined {
  const base = /^[^.[]+/.exec(reference)?.[0] ?? '';
  return Object.hasOwn(spec.nodes, base) ? base : undefined;
}

/** The expression of a transform's value. */
export function expressionOf(value: TransformValueInput): string {
  if (typeof value === 'string') return value;
  if ('clip' in value) return value.clip;
  if ('round' in value) return value.round;
  if ('threshold' in value) return value.threshold;
  if ('calibrate' in value) return value.calibrate;
  if ('lookup' in value) return value.lookup;
  return '';
}

const dotted =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?:\[\d+\])?|\b[A-Za-z_]\w*\[\d+\]/g;

/** In graphs a dotted name needs no quotes: `pick.score`, `request.amount`, `features[2]`. */
export function quoteNames(text: string): string {
  return text.replace(dotted, (found) => (found[0] === "'" || found[0] === '"' ? found : `"${found}"`));
}

/** The names that an expression reads. @throws features.expression.invalid */
export function namesIn(text: string): Set<string> {
  return columnsOf(quoteNames(text));
}

/** What an expression of a node reads, its own names resolved to references. */
export function referencesIn(text: string, node: GraphNodeInput): string[] {
  return [...namesIn(text)].map((name) => aliasOf(name, node) ?? name);
}

/** The reference that a node's own name for a column stands for. */
export function aliasOf(name: string, { inputs }: GraphNodeInput): string | undefined {
  const given = inputs && Object.hasOwn(inputs, name) ? inputs[name] : undefined;
  return typeof given === 'string' ? given : given?.[0];
}
