import Type from 'typebox';
import type { Json, JsonObject } from './json.ts';

/** The value, or null where there is none. */
export const Nullable = <T extends Type.TSchema>(schema: T, options: Type.TSchemaOptions = {}) =>
  Type.Union([schema, Type.Null()], options);

/** A moment as an ISO text in UTC. */
export const Time = Type.String({ format: 'date-time' });

/** A number, or null where it is not defined or not known. */
export const Maybe = Nullable(Type.Number());

/** A list as a reply carries it. */
export const Items = <T extends Type.TSchema>(item: T) => Type.Object({ items: Type.Array(item) });

/** Any JSON: what a caller, a client or a model brought, kept as it is. */
export const JsonValue = (options: Type.TSchemaOptions = {}) => Type.Unsafe<Json>(Type.Unknown(options));

/** An object of any JSON. */
export const JsonRecord = (options: Type.TSchemaOptions = {}) =>
  Type.Unsafe<JsonObject>(Type.Record(Type.String(), Type.Unknown(), options));

/** Two numbers: the ends of an interval, or a time (ms) and a value. */
export const Pair = Type.Unsafe<[number, number]>(Type.Array(Type.Number(), { minItems: 2, maxItems: 2 }));
