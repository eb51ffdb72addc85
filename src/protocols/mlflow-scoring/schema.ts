import type { LiveRevision, NamedTensor, TensorSpec } from '../../domains/serving/index.ts';
import { namedTensors, tensorOf } from '../kserve-v1/instances.ts';
import { invalid } from './errors.ts';

/** A data frame: rows of cells, with the names of the columns unless it has none. */
export type Table = { columns: readonly string[] | null; rows: readonly (readonly unknown[])[] };

/**
 * A data frame as the inputs of a model. Inputs with one value a row are columns: named ones are found by name in any
 * order, further ones are dropped, a missing one is an error; without names their count must be right. A model that
 * takes one matrix gets the columns as they come, or in the order of its features when it knows them.
 * @throws ScoringError naming the column
 */
export function tensorsFromTable(table: Table, live: LiveRevision): NamedTensor[] {
  const { rows } = table;
  if (rows.length === 0) throw invalid('The data frame has no rows.');
  const specs = live.inputs;
  const isByName = table.columns?.includes(specs[0].name);
  const width = specs.length === 1 && !isByName ? matrixWidth(specs[0]) : null;
  if (width !== null) return [matrixOf(table, specs[0], width, live.revision.features)];
  const names = table.columns ?? positional(table, specs);
  const found = specs.filter(({ name }) => names.includes(name));
  const optional = live.source?.timeColumn;
  for (const { name } of specs) {
    if (name !== optional && !names.includes(name)) throw invalid(`The data frame has no column "${name}".`);
  }
  const wanted = found.map(({ name }) => name);
  // Beside the model's own columns, each row may say when it happens.
  if (live.source === null && names.includes('event_time') && !wanted.includes('event_time'))
    wanted.push('event_time');
  return namedTensors(
    wanted.map((name) => [name, columnOf(rows, names.indexOf(name))]),
    specs,
  );
}

/** Columns of the one matrix that a model takes, or null when it takes columns (or something else). */
function matrixWidth({ shape, datatype }: TensorSpec): number | null {
  const isMatrix = shape.length === 2 && datatype !== 'BYTES' && (shape[1] > 1 || shape[1] === -1);
  return isMatrix ? shape[1] : null;
}

function matrixOf(
  { columns, rows }: Table,
  spec: TensorSpec,
  width: number,
  features: readonly string[],
): NamedTensor {
  const byName =
    columns !== null && features.length === width && features.every((name) => columns.includes(name));
  if (byName) {
    const order = features.map((name) => columns.indexOf(name));
    return tensorOf(
      spec,
      rows.map((row) => order.map((i) => row[i])),
    );
  }
  const count = columns?.length ?? rows[0].length;
  if (width !== -1 && count !== width) throw invalid(`The model takes ${width} columns, not ${count}.`);
  return tensorOf(spec, rows);
}

/** Names for columns that have none: those of the model, when there are as many. */
function positional({ rows }: Table, specs: readonly TensorSpec[]): string[] {
  if (rows[0].length !== specs.length)
    throw invalid(`The model takes ${specs.length} columns, not ${rows[0].length}.`);
  return specs.map(({ name }) => name);
}

function columnOf(rows: Table['rows'], index: number): unknown[] {
  return rows.map((row) => row[index]);
}

/** Cells of a CSV as the values that the model's columns take; what is no number stays a text, to be refused. */
export function typedCells(cells: readonly string[][], live: LiveRevision): Table {
  const [columns, ...rows] = cells;
  if (columns === undefined) throw invalid('The CSV is empty.');
  if (rows.some((row) => row.length !== columns.length))
    throw invalid('The CSV has a row with another count of cells than its header.');
  const [only] = live.inputs;
  const types = columns.map((name) => {
    const spec = live.inputs.find((one) => one.name === name);
    return spec?.datatype ?? (live.inputs.length === 1 && name !== 'event_time' ? only.datatype : 'BYTES');
  });
  return { columns, rows: rows.map((row) => row.map((cell, i) => typedCell(cell, types[i]))) };
}

const booleans: Record<string, boolean> = { true: true, false: false, '1': true, '0': false };

function typedCell(cell: string, datatype: TensorSpec['datatype']): unknown {
  if (datatype === 'BYTES') return cell;
  const text = cell.trim();
  if (datatype === 'BOOL') return booleans[text.toLowerCase()] ?? cell;
  if (text === '' || /^(nan|null|n\/?a)$/i.test(text)) return null;
  if (datatype === 'INT64' || datatype === 'UINT64')
    return /^[+-]?\d{1,20}$/.test(text) ? BigInt(text) : cell;
  const value = Number(text);
  return Number.isNaN(value) ? cell : value;
}
