import type { Json } from '../../platform/json.ts';
import type { LedgerEvent } from '../../platform/ledger/index.ts';

const text = (value: Json | undefined) => (value === null || value === undefined ? '?' : String(value));
const model = ({ data }: LedgerEvent) => `${text(data.model)} version ${text(data.version)}`;
/** "…: the reason"; its first word begins small unless it is a name. */
const because = ({ data }: LedgerEvent) =>
  typeof data.reason === 'string' && data.reason !== ''
    ? `: ${data.reason.replace(/^gate: /, '').replace(/^[A-Z](?=[a-z]* )/, (first) => first.toLowerCase())}`
    : '.';

/** 1234567 → "1 234 567" with narrow spaces that do not break, as the pages show it. */
export function grouped(value: Json | undefined): string {
  return typeof value === 'number' ? value.toLocaleString('en-GB').replaceAll(',', '\u202f') : text(value);
}
const run = ({ data, subject }: LedgerEvent) => (data.pipeline ? text(data.pipeline) : subject);

const who = ({ actor }: LedgerEvent) => actor.replace(/^user:/, '');
const what = (event: LedgerEvent) => (event.data.model ? ` ${model(event)}` : '');

const where = ({ data }: LedgerEvent) => text(data.deployment || 'the server');

/** Events worth telling on the overview, each with its sentence. */
const sentences: Record<string, (event: LedgerEvent) => string> = {
  'data.version.created': ({ data }) =>
    `Dataset ${text(data.dataset)} has version ${text(data.version)} with ${grouped(data.rows)} rows.`,
  'data.batch.refused': ({ data }) =>
    `A batch for ${text(data.dataset)} was refused; nothing of it was kept.`,
  'features.service.defined': ({ subject }) => `${subject.replace(':', ' ')} was defined.`,
  'pipelines.run.started': (event) => `Pipeline ${run(event)} started.`,
  'pipelines.run.succeeded': (event) => `Pipeline ${run(event)} succeeded.`,
  'pipelines.run.failed': (event) => `Pipeline ${run(event)} failed${because(event)}`,
  'pipelines.run.stopped': (event) => `Pipeline ${run(event)} was stopped by its gate${because(event)}`,
  'registry.version.registered': (event) => `${model(event)} was registered.`,
  'registry.gate.passed': (event) => `${model(event)} passed its gate.`,
  'registry.gate.refused': (event) => `${model(event)} was refused by its gate${because(event)}`,
  'registry.gate.held': (event) => `${model(event)} was held at its gate${because(event)}`,
  'serving.deployment.created': ({ data }) => `Deployment ${text(data.deployment)} was created.`,
  'serving.rollout.started': (event) =>
    `Rollout of ${model(event)} to ${text(event.data.deployment)} started.`,
  'serving.rollout.promoted': (event) => `${model(event)} is the champion of ${text(event.data.deployment)}.`,
  'serving.rollout.rolled-back': (event) => `${model(event)} was rolled back${because(event)}`,
  'serving.rollout.held': (event) => `Rollout of ${model(event)} is held${because(event)}`,
  'serving.rollout.aborted': (event) => `Rollout of ${model(event)} was aborted${because(event)}`,
  'monitoring.drift.detected': (event) => `Drift at ${text(event.data.deployment)}${because(event)}`,
  'monitoring.performance.degraded': (event) =>
    `${text(event.data.deployment)} lost quality${because(event)}`,
  'serving.revision.quarantined': (event) => `${model(event)} went into quarantine${because(event)}`,
  'serving.revision.released': (event) =>
    `${who(event)} released ${model(event)} from quarantine${because(event)}`,
  'monitoring.incident.opened': (event) => `Incident at ${where(event)}${because(event)}`,
  'monitoring.incident.acknowledged': ({ actor, data }) =>
    `${actor.replace(/^user:/, '')} looks after the incident at ${text(data.deployment || 'the server')}.`,
  'monitoring.incident.resolved': ({ data }) =>
    `The incident at ${text(data.deployment || 'the server')} is over: ${text(data.resolution)}`,
  'governance.approval.requested': (event) => `An approval is asked for ${model(event)}.`,
  'governance.approval.granted': (event) => `${who(event)} approved${what(event)}.`,
  'governance.approval.rejected': (event) => `${who(event)} rejected${what(event)}.`,
};

/** Types that the overview tells of. */
export const toldTypes = Object.keys(sentences);

/** The event in one sentence. */
export function sentenceOf(event: LedgerEvent): string {
  return sentences[event.type]?.(event) ?? event.type;
}
