import { cleanText } from '../../domains/experiments/index.ts';
import type { Json } from '../../platform/json.ts';
import { invalid, MlflowError, missing } from './errors.ts';

/** Whole numbers as clients write them, also as R writes long ones: `1e+05`. */
const wholeNumber = /^[+-]?\d+(?:\.\d+)?(?:e\+?\d{1,2})?$/i;

type Values = Record<string, unknown>;

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads the fields of a message: whole numbers also as text, absent and null alike, unknown fields ignored. `path`
 * names the message within the request, for errors.
 */
export class Fields {
  readonly #values: Values;
  readonly #path: string;

  constructor(values: unknown, path = '') {
    if (!isObject(values)) throw invalid(path || 'body', 'it is a JSON object.');
    this.#values = values;
    this.#path = path;
  }

  /** Where a field stands in the request, such as `metrics[0].key`. */
  at(name: string): string {
    return this.#path ? `${this.#path}.${name}` : name;
  }

  has(name: string): boolean {
    return (this.#values[name] ?? null) !== null;
  }

  optionalText(name: string): string | undefined {
    const value = this.#values[name] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === 'string') return cleanText(value);
    throw invalid(this.at(name), 'it is a text.', value);
  }

  /** Whatever stands there; null when nothing does. */
  json(name: string): Json {
    return (this.#values[name] ?? null) as Json;
  }

  /** A text that must be there and not be empty. */
  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined || value === '') throw missing(this.at(name));
    return value;
  }

  /** A text that must be there, but may be empty. */
  anyText(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw missing(this.at(name));
    return value;
  }

  optionalInteger(name: string): number | undefined {
    const value = this.#values[name] ?? undefined;
    if (value === undefined || value === '') return undefined;
    const number = typeof value === 'string' && wholeNumber.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
    throw invalid(this.at(name), 'it is a whole number within ±(2^53 − 1).', value);
  }

  integer(name: string): number {
    const value = this.optionalInteger(name);
    if (value === undefined) throw missing(this.at(name));
    return value;
  }

  /** A number; NaN and infinities come as words. */
  number(name: string): number {
    const value = this.#values[name] ?? undefined;
    if (value === undefined) throw missing(this.at(name));
    if (typeof value === 'number') return value;
    if (typeof value === 'string') {
      const words: Record<string, number> = {
        NaN: Number.NaN,
        Infinity: Number.POSITIVE_INFINITY,
        '-Infinity': Number.NEGATIVE_INFINITY,
      };
      const number = value in words ? words[value] : value.trim() === '' ? undefined : Number(value);
      if (number !== undefined && (value in words || !Number.isNaN(number))) return number;
    }
    throw invalid(this.at(name), 'it is a number.', value);
  }

  flag(name: string): boolean {
    const value = this.#values[name];
    return value === true || (typeof value === 'string' && value.toLowerCase() === 'true');
  }

  /** Texts of a list; one text alone, as a query string gives it, is a list of one. */
  texts(name: string): string[] {
    const value = this.#values[name] ?? [];
    const list = Array.isArray(value) ? value : [value];
    return list.map((item: unknown, i) => {
      if (typeof item === 'string' || typeof item === 'number') return cleanText(String(item));
      throw invalid(`${this.at(name)}[${i}]`, 'it is a text.');
    });
  }

  optionalMessage(name: string): Fields | undefined {
    return this.has(name) ? new Fields(this.#values[name], this.at(name)) : undefined;
  }

  /** A map of texts. */
  record(name: string): Record<string, string> {
    const message = this.optionalMessage(name);
    if (!message) return {};
    const keys = Object.keys(message.#values);
    return Object.fromEntries(keys.map((key) => [key, message.optionalText(key) ?? '']));
  }

  messages(name: string): Fields[] {
    const value = this.#values[name] ?? [];
    if (!Array.isArray(value)) throw invalid(this.at(name), 'it is a list.', value);
    return value.map((_, i) => this.messageIn(name, i));
  }

  /** One message of a list. */
  messageIn(name: string, i: number): Fields {
    return new Fields((this.#values[name] as unknown[])[i], `${this.at(name)}[${i}]`);
  }

  /** One of the names, or the number that the protocol gives it. */
  choice<T extends string>(
    name: string,
    names: readonly T[],
    numbers: Readonly<Record<number, T>>,
  ): T | undefined {
    const value = this.#values[name] ?? undefined;
    if (value === undefined || value === '') return undefined;
    const found =
      names.find((one) => one === value) ??
      numbers[typeof value === 'string' ? Number(value) : (value as number)];
    if (found === undefined) throw invalid(this.at(name), `it is one of ${names.join(', ')}.`, value);
    return found;
  }
}

/** The JSON object of a body: empty is `{}`, and a text that holds JSON (old clients) is read once more. */
export function readBody(body: unknown): Values {
  const text = Buffer.isBuffer(body) ? body.toString('utf8') : typeof body === 'string' ? body : '';
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
    if (typeof value === 'string') value = value.trim() === '' ? {} : JSON.parse(value);
  } catch {
    throw new MlflowError('BAD_REQUEST', 'The body is not valid JSON.');
  }
  if (!isObject(value)) throw new MlflowError('BAD_REQUEST', 'The body is not a JSON object.');
  return value;
}
