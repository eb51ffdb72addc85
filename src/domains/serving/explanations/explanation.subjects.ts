import { platformError } from '../../../platform/errors.ts';
import type { Scope } from '../../../platform/scope.ts';
import { getDeployment } from '../deployments.service.ts';
import { fieldsOf } from '../graphs/recorded-row.ts';
import { getPrediction } from '../predictions.service.ts';
import { hiddenFeatures } from '../privacy/recording.service.ts';
import { parseTime, prepareRows } from '../routing/request-rows.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import { allocate, elementCount, type NamedTensor, type TensorSpec } from '../runtime/tensors.ts';
import { servingError } from '../serving.errors.ts';
import type { ServingState } from '../serving.state.ts';
import * as store from '../serving.store.ts';
import type { ExplainRequestInput } from './explanation.contract.ts';
import { explanationError } from './explanation.errors.ts';
import type { Subject } from './explanations.service.ts';
import { withRevision } from './revision-at-hand.ts';

/** A recorded prediction as the log has it. @throws serving.prediction.not_found, …explanation.not_recorded, …no_score */
export async function recordedSubject(state: ServingState, scope: Scope, id: string): Promise<Subject> {
  const prediction = await getPrediction(state, scope, id);
  const { deployment, revision, time, score, error, features, inputs, eventTime } = prediction;
  if (error !== null || score === null) {
    throw explanationError(
      'serving.explanation.no_score',
      'This request failed, so there is no score to explain.',
    );
  }
  const names = (await store.getRevision(scope.db, revision))?.features ?? [];
  const values =
    names.length > 0 && names.every((name) => Object.hasOwn(features, name))
      ? names.map((name) => features[name])
      : Object.values(features);
  if (values.length === 0) {
    throw explanationError(
      'serving.explanation.not_recorded',
      'The vector of this prediction was not recorded.',
    );
  }
  const hidden = (await hiddenFeatures(scope, deployment)).filter((name) => features[name] === null);
  if (hidden.length > 0) {
    throw explanationError(
      'serving.explanation.not_recorded',
      `The log does not keep ${hidden.join(', ')}, so this score cannot be divided among its features.`,
    );
  }
  const vector = Float64Array.from(values, (value) => value ?? Number.NaN);
  const sent = { fields: fieldsOf(inputs), eventTime: eventTime ?? time };
  return { deployment, revision, vector, sent, prediction: { id, time, score } };
}

/**
 * One row as the deployment would see it now; nothing of it is recorded.
 * @throws serving.deployment.not_found, …not_ready, serving.version.not_served, serving.request.invalid,
 * serving.explanation.unsupported
 */
export async function requestedSubject(
  state: ServingState,
  scope: Scope,
  deployment: string,
  request: Pick<ExplainRequestInput, 'row' | 'eventTime' | 'version'>,
): Promise<Subject> {
  const { row, eventTime, version } = request;
  const now = scope.now();
  const time = eventTime === undefined ? now : parseTime(eventTime);
  if (Number.isNaN(time))
    throw platformError('platform.input.invalid', 'The eventTime is neither ISO text nor milliseconds.');
  const revision = await revisionOf(scope, deployment, version);
  return withRevision(state, scope, { deployment, revision }, async (live) => {
    const tensors = tensorsOf(live, row);
    const { rows, vectors, width } = prepareRows(live, { tensors, parameters: { event_time: time } }, now);
    if (rows !== 1) throw servingError('serving.request.invalid', 'The row must be one row.');
    if (vectors === null || width === 0) {
      throw explanationError(
        'serving.explanation.unsupported',
        'This model takes no vector of numbers that fits a record.',
      );
    }
    const sent = { fields: row, eventTime: time };
    return { deployment, revision, vector: Float64Array.from(vectors), sent, prediction: null };
  });
}

/** The champion, or the newest revision of a version, serving or not. */
async function revisionOf(scope: Scope, deployment: string, version: number | undefined): Promise<string> {
  const { champion } = await getDeployment(scope, deployment);
  if (version !== undefined) {
    const all = await store.listRevisions(scope.db, deployment);
    const found = all.findLast((revision) => revision.version === version);
    if (found) return found.id;
    throw servingError('serving.version.not_served', 'This deployment has never served that version.');
  }
  if (champion !== null) return champion;
  throw servingError('serving.deployment.not_ready', 'This deployment serves no version yet.');
}

/** The row as one-row tensors; the order is that of the model's inputs, whatever that of the names. */
function tensorsOf(live: LiveRevision, row: ExplainRequestInput['row']): NamedTensor[] {
  const unknown = Object.keys(row).find((name) => !live.inputs.some((input) => input.name === name));
  if (unknown !== undefined) throw servingError('serving.request.invalid', `There is no input "${unknown}".`);
  return live.inputs
    .filter(({ name }) => Object.hasOwn(row, name))
    .map((input) => tensorOf(input, [row[input.name]].flat()));
}

type CellValue = number | boolean | string | null;

function tensorOf(input: TensorSpec, values: readonly CellValue[]): NamedTensor {
  const { name, datatype } = input;
  const invalid = (message: string) => servingError('serving.request.invalid', message);
  const shape = [1, ...input.shape.slice(1)];
  const count = elementCount(shape);
  if (count >= 0 && values.length !== count)
    throw invalid(`The input "${name}" needs ${count} values a row, not ${values.length}.`);
  if (count < 0) throw invalid(`The input "${name}" has a free size, which a row cannot give.`);
  if (datatype === 'FP16')
    throw explanationError('serving.explanation.unsupported', `The input "${name}" is FP16.`);
  const data = allocate(datatype, count) as (string | number | bigint)[];
  values.forEach((value, i) => {
    if (datatype === 'BYTES') {
      if (value === null) throw invalid(`The input "${name}" is text; null is none.`);
      data[i] = String(value);
      return;
    }
    const isFloat = datatype === 'FP32' || datatype === 'FP64';
    const number = value === null ? Number.NaN : Number(value === '' ? Number.NaN : value);
    const isGiven = value === null ? isFloat : !Number.isNaN(number);
    if (!isGiven || (!isFloat && !Number.isSafeInteger(number)))
      throw invalid(`The input "${name}" is ${datatype}, and one of its values is not.`);
    data[i] = datatype === 'INT64' || datatype === 'UINT64' ? BigInt(number) : number;
  });
  return { name, datatype, shape, data: data as unknown as NamedTensor['data'] };
}
