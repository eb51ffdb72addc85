import type { NamedTensor, TensorSpec } from '../../domains/serving/index.ts';
import { readClassification } from './classification.ts';
import { OipError } from './errors.ts';
import { type Form, learnForm, longestId, readForm } from './known-form.ts';
import { createBlobReader, rawTensor } from './tensors-binary.ts';
import { tensorFromJson } from './tensors-json.ts';

export type RequestedOutput = {
  name: string;
  binary: boolean | undefined;
  /** So many classes instead of the tensor. */
  classification: number | undefined;
};

export type InferRequest = {
  id: string | undefined;
  parameters: Readonly<Record<string, unknown>>;
  tensors: NamedTensor[];
  /** Requested outputs, or undefined for all of them. */
  outputs: RequestedOutput[] | undefined;
  /** Default form of the outputs. */
  binaryOutputs: boolean;
};

/** The form of the last requests of a model, so that the next ones need not be parsed (see `known-form.ts`). */
export type FormMemory = { form: Form | undefined; misses: number };

const none: Readonly<Record<string, unknown>> = Object.freeze({});
/** One in so many requests of another form is learnt from: callers whose form always differs pay little for it. */
const missesPerLesson = 16;
const mostInputs = 1024;
const noBytes = Buffer.alloc(0);

/**
 * Reads an infer body: JSON, or JSON and the binary blobs behind it when `headerLength` is given (0: all raw).
 * @throws OipError naming what is wrong.
 */
export function readInferRequest(
  body: Buffer,
  headerLength: number | undefined,
  specs: () => readonly TensorSpec[],
  memory: FormMemory,
): InferRequest {
  if (headerLength === 0) {
    return {
      id: undefined,
      parameters: none,
      tensors: [rawTensor(body, specs())],
      outputs: undefined,
      binaryOutputs: true,
    };
  }
  if (headerLength !== undefined && !(headerLength <= body.length)) {
    throw new OipError('Inference-Header-Content-Length is not a length within the body.');
  }
  const text = body.toString('utf8', 0, headerLength ?? body.length);
  if (headerLength !== undefined) return readParsed(parseTolerant(text), body.subarray(headerLength));
  const known = memory.form && readForm(memory.form, text);
  if (known) return known;
  const json = parseTolerant(text);
  const request = readParsed(json, noBytes);
  if (memory.misses++ % missesPerLesson === 0) {
    memory.form = learnForm(text, json as Record<string, unknown>, request) ?? memory.form;
  }
  return request;
}

/** The request that a parsed body is, with the blobs behind it. */
function readParsed(json: unknown, behind: Buffer): InferRequest {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new OipError('The body is not a JSON object.');
  const { id, inputs, outputs } = json as Record<string, unknown>;
  const parameters = objectOr((json as Record<string, unknown>).parameters, 'The parameters');
  if (id !== undefined && (typeof id !== 'string' || id.length > longestId)) {
    throw new OipError(`The id is not a text of at most ${longestId} characters.`);
  }
  if (!Array.isArray(inputs) || inputs.length === 0) throw new OipError('The request has no inputs.');
  if (inputs.length > mostInputs) throw new OipError('The request has too many inputs.');
  const blobs = createBlobReader(behind);
  const tensors = inputs.map((input): NamedTensor => {
    const size = objectOr(
      (input as { parameters?: unknown } | null)?.parameters,
      'The parameters of an input',
    ).binary_data_size;
    return size === undefined ? tensorFromJson(input) : blobs.take(input, size as number);
  });
  if (blobs.rest() > 0) throw new OipError('The body is longer than its tensors.');
  refuseTwins(tensors, 'input');
  return {
    id,
    parameters,
    tensors,
    outputs: readOutputs(outputs),
    binaryOutputs: parameters.binary_data_output === true,
  };
}

/** The parameter `timeout` of the schedule extension, whole microseconds, in milliseconds. */
export function deadlineOf({ timeout }: Readonly<Record<string, unknown>>): number | undefined {
  if (timeout === undefined) return undefined;
  const micros = Number(timeout);
  return Number.isInteger(micros) && micros > 0 ? micros / 1000 : undefined;
}

function readOutputs(outputs: unknown): InferRequest['outputs'] {
  if (outputs === undefined || outputs === null) return undefined;
  if (!Array.isArray(outputs)) throw new OipError('The outputs are not a list.');
  if (outputs.length === 0) return undefined;
  const read = outputs.slice(0, mostInputs).map((output: unknown) => {
    const { name, parameters } = (output ?? {}) as Record<string, unknown>;
    if (typeof name !== 'string') throw new OipError('A requested output has no name.');
    const given = objectOr(parameters, 'The parameters of an output');
    const binary = typeof given.binary_data === 'boolean' ? given.binary_data : undefined;
    return { name, binary, classification: readClassification(given.classification, name) };
  });
  refuseTwins(read, 'output');
  return read;
}

/** @throws OipError when two have the same name. */
export function refuseTwins(named: readonly { name: string }[], what: string): void {
  if (named.length === 1) return;
  const names = new Set<string>();
  for (const { name } of named) {
    if (names.has(name)) throw new OipError(`The ${what} "${name}" is given twice.`);
    names.add(name);
  }
}

function objectOr(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return none;
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new OipError(`${what} are not an object.`);
}

/**
 * JSON, and the bare NaN and Infinity that Python writes (read as null and as numbers beyond every range). Integers
 * beyond those of a double are bigints.
 */
export function parseTolerant(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    try {
      return parseExact(replaceBareNumbers(text));
    } catch {
      throw new OipError('The body is not valid JSON.');
    }
  }
}

const wideInteger = /[[,:\s-]\d{16}/;

function parseExact(text: string): unknown {
  return text.includes('INT64') && wideInteger.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
}

function exactInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** Replaces NaN, Infinity and -Infinity outside of strings. */
function replaceBareNumbers(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) => {
    if (token[0] === '"') return token;
    return token === 'NaN' ? 'null' : token[0] === '-' ? '-1e999' : '1e999';
  });
}
