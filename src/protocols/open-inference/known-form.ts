import { isDeepStrictEqual } from 'node:util';
import { datatypes, type NamedTensor, type TensorData } from '../../domains/serving/index.ts';
import type { InferRequest } from './infer-request.ts';

/**
 * A caller's requests mostly differ in nothing but their id and their data. A form keeps the text between those places
 * from one request, with all that the whole reader made of it; a later text with the same pieces needs only its values
 * read, straight into the tensors' arrays, at a quarter of the cost of parsing it.
 */
export type Form = {
  /** The text before, between and behind the holes. */
  readonly pieces: readonly string[];
  readonly holes: readonly Hole[];
  readonly request: Omit<InferRequest, 'tensors'>;
};

/** A place that differs: the request's id, or the data of an input. */
type Hole = 'id' | Omit<NamedTensor, 'data'>;

const readable = new Set(['FP32', 'FP64', 'INT32', 'INT64', 'BYTES']);
const holeStart = /"(id)"\s*:\s*"|"(data)"\s*:\s*\[/g;
/** Ids are at most so long. */
export const longestId = 200;
const markerId = ' the id ';
/** Longer texts are not looked through to learn from them; their form comes from shorter ones, or they have none. */
const longestLesson = 1024 * 1024;

/**
 * The form of a JSON body without binary parts that was read as `request` from the value `json`, or undefined when it
 * has none. The proof is by parsing: the text with a mark in each hole must be the same value with just those marks.
 */
export function learnForm(
  text: string,
  json: Record<string, unknown>,
  request: InferRequest,
): Form | undefined {
  if (text.length > longestLesson || !request.tensors.every(({ datatype }) => readable.has(datatype)))
    return undefined;
  const pieces: string[] = [];
  const holes: Hole[] = [];
  let inputs = 0;
  let from = 0;
  for (const match of text.matchAll(holeStart)) {
    const start = match.index + match[0].length;
    if (start < from) continue;
    const end = match[1] === 'id' ? text.indexOf('"', start) : endOfList(text, start);
    if (end < 0) return undefined;
    if (match[2] === 'data') {
      const tensor = request.tensors[inputs++];
      if (tensor === undefined) return undefined;
      holes.push({ name: tensor.name, datatype: tensor.datatype, shape: tensor.shape });
    } else if (request.id === undefined || holes.includes('id')) return undefined;
    else holes.push('id');
    pieces.push(text.slice(from, start));
    from = end;
  }
  if (inputs !== request.tensors.length) return undefined;
  pieces.push(text.slice(from));
  const form: Form = { pieces, holes, request: { ...request, id: undefined } };
  return isProven(form, json) ? form : undefined;
}

/** Where the list that begins at `from` ends; -1 when it holds other lists or texts with escapes. */
function endOfList(text: string, from: number): number {
  let inText = false;
  for (let i = from; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') return -1;
    if (char === '"') inText = !inText;
    else if (!inText && char === ']') return i;
    else if (!inText && (char === '[' || char === '{')) return -1;
  }
  return -1;
}

function isProven({ pieces, holes }: Form, json: Record<string, unknown>): boolean {
  let inputs = 0;
  const marks = holes.map((hole) => (hole === 'id' ? markerId : String(inputs++)));
  const marked = pieces.map((piece, i) => piece + (marks[i] ?? '')).join('');
  const expected = {
    ...json,
    ...(holes.includes('id') && { id: markerId }),
    inputs: (json.inputs as object[]).map((input, i) => ({ ...input, data: [i] })),
  };
  try {
    return isDeepStrictEqual(JSON.parse(marked), expected);
  } catch {
    return false;
  }
}

/** Reads a text of this form; undefined when it is of another, or holds a value that wants a closer look. */
export function readForm({ pieces, holes, request }: Form, text: string): InferRequest | undefined {
  if (!text.startsWith(pieces[0])) return undefined;
  let at = pieces[0].length;
  let id: string | undefined;
  const tensors: NamedTensor[] = [];
  for (let h = 0; h < holes.length; h++) {
    const hole = holes[h];
    if (hole === 'id') {
      const end = endOfText(text, at);
      if (end < 0) return undefined;
      id = text.slice(at, end);
      if (id.length > longestId) return undefined;
      at = end;
    } else {
      const { name, datatype, shape } = hole;
      const values = newArray(hole);
      at =
        datatype === 'BYTES' ? readTexts(text, at, values as string[]) : readNumbers(text, at, hole, values);
      if (at < 0) return undefined;
      tensors.push({ name, datatype, shape, data: values });
    }
    const piece = pieces[h + 1];
    if (!text.startsWith(piece, at)) return undefined;
    at += piece.length;
  }
  if (at !== text.length) return undefined;
  const { parameters, outputs, binaryOutputs } = request;
  return { id, parameters, tensors, outputs, binaryOutputs };
}

function newArray({ datatype, shape }: Omit<NamedTensor, 'data'>): TensorData {
  let count = 1;
  for (let i = 0; i < shape.length; i++) count *= shape[i];
  return datatype === 'BYTES' ? new Array<string>(count) : new datatypes[datatype].array(count);
}

const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const dot = 0x2e;
const space = 0x20;
const backslash = 0x5c;
const isDigit = (code: number) => code >= 0x30 && code <= 0x39;

/** Where a text without escapes ends, the quote; -1 for every other text. */
function endOfText(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) return i;
    if (code < space || code === backslash) return -1;
  }
  return -1;
}

/** Fills `values` with the texts of a list; where it ends, or -1. */
function readTexts(text: string, from: number, values: string[]): number {
  let at = from;
  for (let i = 0; i < values.length; i++) {
    if (i > 0) {
      if (text.charCodeAt(at++) !== comma) return -1;
      if (text.charCodeAt(at) === space) at++;
    }
    if (text.charCodeAt(at++) !== quote) return -1;
    const end = endOfText(text, at);
    if (end < 0) return -1;
    values[i] = text.slice(at, end);
    at = end + 1;
  }
  return at;
}

/** Where the exponent ends whose letter stands before `from`; -1 when it is none. */
function endOfExponent(text: string, from: number): number {
  const sign = text[from];
  const first = sign === '-' || sign === '+' ? from + 1 : from;
  let at = first;
  while (isDigit(text.charCodeAt(at))) at++;
  return at > first ? at : -1;
}

/** 10^0 … 10^22, all exact. */
const tens = Array.from({ length: 23 }, (_, i) => 10 ** i);
/** Beyond the few roundings of reading 19 digits into a double, relative. */
const doubt = 2 ** -49;
const mostInt32 = 2 ** 31;

/**
 * Fills `values` with the numbers of a list; where it ends, or -1. Up to 15 digits the digits and the power of ten are
 * exact doubles, so their quotient is the nearest one. With more it may be a little off, which does not matter where
 * all that it could be is one float32; elsewhere the language reads the text.
 */
function readNumbers(
  text: string,
  from: number,
  { datatype }: Omit<NamedTensor, 'data'>,
  values: TensorData,
): number {
  const isWhole = datatype === 'INT64' || datatype === 'INT32';
  let at = from;
  for (let i = 0; i < values.length; i++) {
    if (i > 0) {
      if (text.charCodeAt(at++) !== comma) return -1;
      if (text.charCodeAt(at) === space) at++;
    }
    const isNegative = text.charCodeAt(at) === minus;
    if (isNegative) at++;
    else if (!isWhole && text.startsWith('null', at)) {
      (values as Float64Array)[i] = Number.NaN;
      at += 4;
      continue;
    }
    const first = at;
    let number = 0;
    let code = text.charCodeAt(at);
    for (; isDigit(code); code = text.charCodeAt(++at)) number = number * 10 + code - 0x30;
    let digits = at - first;
    if (digits === 0 || (digits > 1 && text.charCodeAt(first) === 0x30)) return -1;
    if (code === dot) {
      if (isWhole) return -1;
      const fraction = ++at;
      code = text.charCodeAt(at);
      for (; isDigit(code); code = text.charCodeAt(++at)) number = number * 10 + code - 0x30;
      const decimals = at - fraction;
      if (decimals === 0) return -1;
      digits += decimals;
      number /= tens[decimals] ?? 1;
    }
    const hasExponent = code === 0x65 || code === 0x45;
    if (hasExponent) at = endOfExponent(text, at + 1);
    if (hasExponent || digits > 15) {
      if (isWhole || at < 0) return -1;
      const isClear =
        !hasExponent &&
        digits < 20 &&
        datatype === 'FP32' &&
        Math.fround(number * (1 - doubt)) === Math.fround(number * (1 + doubt));
      if (!isClear) number = Number(text.slice(first, at));
    }
    if (isNegative) number = -number;
    if (datatype === 'INT64') (values as BigInt64Array)[i] = BigInt(number);
    else if (datatype === 'INT32' && (number >= mostInt32 || number < -mostInt32)) return -1;
    else (values as Float64Array)[i] = number;
  }
  return at;
}
