import type { FastifyRequest } from 'fastify';
import {
  elementCount,
  type NamedTensor,
  type Prediction,
  type ServingDoor,
} from '../../domains/serving/index.ts';
import { HoustonError } from '../../platform/errors.ts';
import { OipError } from './errors.ts';
import { convert } from './tensors-json.ts';

type Fields = Readonly<Record<string, unknown>>;

const wholly = (value: unknown) => (typeof value === 'object' && value !== null ? (value as Fields) : {});

/**
 * The generate extension: `text_input` in, `text_output` out, for a model that has these two. Its further inputs are
 * taken from fields or parameters of their names; what names no input is a parameter of the request.
 * @throws OipError 400 for a model without the two, 422 for a request that does not fit, 424 when the model fails
 */
export async function generate(
  serving: ServingDoor,
  model: string,
  version: string | undefined,
  body: unknown,
  { caller, trace }: Pick<FastifyRequest, 'caller' | 'trace'>,
): Promise<Fields> {
  await serving.wake(model);
  const live = serving.live(model, version);
  const isText = ({ name, datatype }: { name: string; datatype: string }, wanted: string) =>
    name === wanted && datatype === 'BYTES';
  const takesText = live.inputs.some((spec) => isText(spec, 'text_input'));
  if (!takesText || !live.runner.outputs.some((spec) => isText(spec, 'text_output'))) {
    throw new OipError('This model has no text_input and text_output of type BYTES; ask it by infer.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new OipError('The body is not a JSON object.', 422);
  const { id, parameters, ...fields } = body as Fields;
  if (parameters !== undefined && (typeof parameters !== 'object' || Array.isArray(parameters)))
    throw new OipError('The parameters are not an object.', 422);
  if (id !== undefined && (typeof id !== 'string' || id.length > 200))
    throw new OipError('The id is not a text of at most 200 characters.', 422);
  const given = { ...wholly(parameters), ...fields };
  const tensors = live.inputs.map((spec) => inputOf(spec, given));
  const names = new Set(live.inputs.map(({ name }) => name));
  const others = Object.entries(given).filter(([name]) => !names.has(name));
  try {
    const request = {
      id,
      version,
      parameters: Object.fromEntries(others),
      tensors,
      caller: caller.actor,
      trace,
    };
    return replyOf(model, await serving.predict(model, request));
  } catch (error) {
    if (error instanceof HoustonError && error.status === 500) throw new OipError(error.message, 424);
    throw error;
  }
}

/** One value, or a flat list of them, as the tensor of an input; free dimensions are one, the last takes the list. */
function inputOf({ name, datatype, shape }: Omit<NamedTensor, 'data'>, given: Fields): NamedTensor {
  const value = Object.hasOwn(given, name) ? given[name] : undefined;
  if (value === undefined || value === null) throw new OipError(`The field "${name}" is missing.`, 422);
  const values = Array.isArray(value) ? value : [value];
  const concrete = shape.map((size, i) => {
    if (size !== -1) return size;
    return i === shape.length - 1 ? values.length : 1;
  });
  if (elementCount(concrete) !== values.length)
    throw new OipError(`The field "${name}" has another count of values than the model takes.`, 422);
  try {
    return { name, datatype, shape: concrete, data: convert(values, datatype, name) };
  } catch (error) {
    throw error instanceof OipError ? new OipError(error.message, 422) : error;
  }
}

function replyOf(model: string, { outputs, live, id }: Prediction): Fields {
  const reply: Record<string, unknown> = {
    id,
    model_name: model,
    model_version: String(live.revision.version),
  };
  for (const { name, data } of outputs) {
    const values = Array.from(data as ArrayLike<unknown>, plain);
    reply[name] = values.length === 1 ? values[0] : values;
  }
  return reply;
}

/** What JSON can carry; integers beyond its reach go as texts. */
function plain(value: unknown): unknown {
  return typeof value === 'bigint'
    ? Number.isSafeInteger(Number(value))
      ? Number(value)
      : String(value)
    : value;
}
