import type { LiveRevision, NamedTensor } from '../../domains/serving/index.ts';
import { isObject, tensorsFromInputs, tensorsFromInstances } from '../kserve-v1/instances.ts';
import { parseTolerant } from '../open-inference/infer-request.ts';
import { parseCsv } from './csv.ts';
import { badRequest, invalid, unsupported } from './errors.ts';
import { type Table, tensorsFromTable, typedCells } from './schema.ts';

export type Payload = { tensors: NamedTensor[]; parameters: Readonly<Record<string, unknown>> };

const forms = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const;

/** Reads the body of an invocation by its content type. @throws ScoringError */
export function readPayload(body: Buffer, contentType: string | undefined, live: LiveRevision): Payload {
  const [type, ...parameters] = (contentType ?? 'application/json').split(';').map((part) => part.trim());
  for (const parameter of parameters) {
    const [name, value = ''] = parameter.split('=');
    if (name.toLowerCase() !== 'charset')
      throw unsupported('The content type has a parameter that is not known.');
    if (!/^"?utf-?8"?$/i.test(value)) throw unsupported('The scoring server only supports UTF-8.');
  }
  if (type === 'text/csv') {
    const tensors = tensorsFromTable(typedCells(parseCsv(body.toString('utf8')), live), live);
    return { tensors, parameters: {} };
  }
  if (type !== 'application/json')
    throw unsupported('This predictor only supports the content types application/json and text/csv.');
  return readJson(parsed(body), live);
}

function parsed(body: Buffer): unknown {
  try {
    return parseTolerant(body.toString('utf8'));
  } catch {
    throw badRequest('The body is not valid JSON.');
  }
}

function readJson(json: unknown, live: LiveRevision): Payload {
  const rule = `The body must be a JSON object with exactly one of ${forms.join(', ')}.`;
  if (!isObject(json)) throw badRequest(rule);
  const given = forms.filter((form) => Object.hasOwn(json, form));
  if (given.length !== 1) throw badRequest(rule);
  return { tensors: tensorsOf(given[0], json[given[0]], live), parameters: readParams(json.params) };
}

function tensorsOf(form: (typeof forms)[number], data: unknown, live: LiveRevision): NamedTensor[] {
  switch (form) {
    case 'dataframe_split':
      return tensorsFromTable(splitTable(data), live);
    case 'dataframe_records':
      return tensorsFromTable(recordsTable(data), live);
    case 'instances':
      return isRecords(data)
        ? tensorsFromTable(recordsTable(data), live)
        : tensorsFromInstances(data, live.inputs);
    case 'inputs':
      if (isRecords(data)) return tensorsFromTable(recordsTable(data), live);
      return tensorsFromInputs(isObject(data) ? knownOf(data, live) : data, live.inputs);
  }
}

/** Without the columns that the model does not have. */
function knownOf(data: Readonly<Record<string, unknown>>, live: LiveRevision): Record<string, unknown> {
  const names = ['event_time', ...live.inputs.map(({ name }) => name)];
  return Object.fromEntries(Object.entries(data).filter(([name]) => names.includes(name)));
}

function splitTable(data: unknown): Table {
  if (!isObject(data) || !Array.isArray(data.data))
    throw badRequest('dataframe_split needs "columns" and "data".');
  const { columns, data: rows } = data;
  if (columns !== undefined && !Array.isArray(columns)) throw badRequest('The columns are not a list.');
  const names = columns as unknown[] | undefined;
  const width = names?.length ?? (Array.isArray(rows[0]) ? rows[0].length : 0);
  for (const row of rows) {
    if (!Array.isArray(row) || row.length !== width)
      throw badRequest('The rows do not all have the same columns.');
  }
  // A data frame that was made without names has numbers for them.
  const isNamed = names?.every((name) => typeof name === 'string') ?? false;
  if (isNamed && new Set(names).size !== width) throw badRequest('Two columns have the same name.');
  return { columns: isNamed ? (names as string[]) : null, rows: rows as unknown[][] };
}

function isRecords(data: unknown): boolean {
  return Array.isArray(data) && data.length > 0 && data.every(isObject);
}

/** Records may leave out what is empty; such a cell is null. */
function recordsTable(data: unknown): Table {
  if (!isRecords(data)) throw badRequest('dataframe_records is not a list of objects.');
  const records = data as Readonly<Record<string, unknown>>[];
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const cell = (record: Readonly<Record<string, unknown>>, name: string) =>
    Object.hasOwn(record, name) ? record[name] : null;
  return { columns, rows: records.map((record) => columns.map((name) => cell(record, name))) };
}

/** Parameters of the request, single values by name; those that nothing reads are ignored. */
function readParams(params: unknown): Payload['parameters'] {
  if (params === undefined || params === null) return {};
  if (!isObject(params)) throw invalid('The params are not an object.');
  for (const value of Object.values(params)) {
    if (typeof value === 'object' && value !== null)
      throw invalid('A parameter is neither a text, a number nor a boolean.');
  }
  return params;
}
