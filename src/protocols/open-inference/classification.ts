import { elementCount, type NamedTensor } from '../../domains/serving/index.ts';
import { OipError } from './errors.ts';

/** The parameter `classification` of a requested output: how many classes, or undefined without it. */
export function readClassification(value: unknown, name: string): number | undefined {
  if (value === undefined || value === 0) return undefined;
  if (Number.isInteger(value) && (value as number) > 0) return value as number;
  throw new OipError(`The parameter "classification" of the output "${name}" is no number of classes.`);
}

/**
 * The classification extension: for each row the `count` largest elements as texts `value:index`, largest first; a
 * tensor of one dimension is one row. NaN never ranks.
 */
export function classify({ name, datatype, shape, data }: NamedTensor, count: number): NamedTensor {
  if (datatype === 'BYTES' || datatype === 'BOOL' || datatype === 'FP16')
    throw new OipError(`The output "${name}" is ${datatype}, which has no classification.`);
  const rows = shape.length > 1 ? shape[0] : 1;
  const width = rows === 0 ? 0 : elementCount(shape) / rows;
  const top = Math.min(count, width);
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    const values = Array.from({ length: width }, (_, i) => Number(data[row * width + i]));
    const order = values.map((_, i) => i).sort((a, b) => rank(values[b], values[a]) || a - b);
    for (const i of order.slice(0, top)) texts.push(`${values[i].toFixed(6)}:${i}`);
  }
  return { name, datatype: 'BYTES', shape: shape.length > 1 ? [rows, top] : [top], data: texts };
}

function rank(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a < b ? -1 : Number(a > b);
}
