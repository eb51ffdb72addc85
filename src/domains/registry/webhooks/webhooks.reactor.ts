import type { JsonObject } from '../../../platform/json.ts';
import type { LedgerEvent } from '../../../platform/ledger/index.ts';
import type { Reactor } from '../../../platform/reactors/reactors.ts';
import { type Scope, transact } from '../../../platform/scope.ts';
import type { Outbox } from '../../../platform/webhooks/outbox.ts';
import { isPrompt } from '../prompt.model.ts';
import type { ModelRow, VersionRow } from '../registry.tables.ts';
import { messageBody, type WebhookEvent } from './events.model.ts';
import { listWebhookRows } from './webhooks.store.ts';

type Tags = Record<string, string>;
type Told = { event: WebhookEvent; data: JsonObject };

/** Longer values stand cut in the ledger; the row has them whole. */
const cutAt = 500;

const types = [
  'registry.model.created',
  'registry.model.changed',
  'registry.version.registered',
  'registry.version.changed',
  'registry.alias.set',
  'registry.alias.deleted',
];

/** Turns events of the registry into messages of the webhooks that want them. */
export function webhooksReactor(outbox: Outbox): Reactor {
  return {
    name: 'registry-webhooks',
    types,
    async handle(scope, event) {
      const hooks = (await listWebhookRows(scope.db)).filter(
        ({ status, created_at }) => status === 'active' && created_at <= event.time,
      );
      if (hooks.length === 0) return;
      const told = await translate(scope, event);
      if (!told) return;
      const body = messageBody(told.event, event.time, told.data);
      await transact(scope, async (tx) => {
        for (const { id, events } of hooks) {
          if (!(JSON.parse(events) as string[]).includes(told.event)) continue;
          await outbox.add(tx, { target: id, event: told.event, eventId: event.id, body });
        }
      });
    },
  };
}

/** An event in the words of webhooks; undefined when they have none for it. */
async function translate(scope: Scope, { type, data }: LedgerEvent): Promise<Told | undefined> {
  const name = String(data.model);
  const model = await scope.db
    .selectFrom('registry_models')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst();
  const version =
    data.version === undefined ? undefined : await versionRow(scope, name, Number(data.version));
  const tags = tagsOf(model);
  const ofPrompt = isPrompt(tags);
  if (type === 'registry.model.created') {
    const told = { name, tags: ofPrompt ? ownTags(tags) : tags, description: model?.description || null };
    return { event: ofPrompt ? 'prompt.created' : 'registered_model.created', data: told };
  }
  if (type === 'registry.version.registered') return newVersion(name, data, version, ofPrompt);
  if (type === 'registry.alias.set') {
    const told = { name, alias: data.alias!, version: String(data.version) };
    return { event: ofPrompt ? 'prompt_alias.created' : 'model_version_alias.created', data: told };
  }
  if (type === 'registry.alias.deleted') {
    const event = ofPrompt ? 'prompt_alias.deleted' : 'model_version_alias.deleted';
    return { event, data: { name, alias: data.alias! } };
  }
  if (type === 'registry.version.changed') {
    const change = tagChange(data, tagsOf(version));
    if (!change) return undefined;
    const entity = ofPrompt ? 'prompt_version_tag' : 'model_version_tag';
    return {
      event: `${entity}.${change.action}`,
      data: { name, version: String(data.version), ...change.data },
    };
  }
  const change = ofPrompt ? tagChange(data, tags) : undefined;
  return change && { event: `prompt_tag.${change.action}`, data: { name, ...change.data } };
}

function newVersion(name: string, data: JsonObject, row: VersionRow | undefined, ofPrompt: boolean): Told {
  const { 'mlflow.prompt.text': template = '', ...tags } = tagsOf(row);
  const told = { name, version: String(data.version), tags, description: row?.description || null };
  if (ofPrompt) return { event: 'prompt_version.created', data: { ...told, tags: ownTags(tags), template } };
  const lineage = JSON.parse(row?.lineage ?? '{}') as { experimentRun?: string | null };
  const run = lineage.experimentRun ?? null;
  return { event: 'model_version.created', data: { ...told, source: data.source ?? '', run_id: run } };
}

function tagChange(
  data: JsonObject,
  tags: Tags,
): { action: 'set' | 'deleted'; data: JsonObject } | undefined {
  if (typeof data.tagDeleted === 'string') return { action: 'deleted', data: { key: data.tagDeleted } };
  if (typeof data.tag !== 'string' || typeof data.value !== 'string') return undefined;
  const value = data.value.length < cutAt ? data.value : (tags[data.tag] ?? data.value);
  return { action: 'set', data: { key: data.tag, value } };
}

/** The tags that people gave a prompt, without those by which the client knows it. */
function ownTags({ 'mlflow.prompt.is_prompt': _is, _mlflow_prompt_type: _type, ...tags }: Tags): Tags {
  return tags;
}

const tagsOf = (row: ModelRow | VersionRow | undefined): Tags => JSON.parse(row?.tags ?? '{}') as Tags;

function versionRow(scope: Scope, model: string, version: number): Promise<VersionRow | undefined> {
  return scope.db
    .selectFrom('registry_versions')
    .selectAll()
    .where('model', '=', model)
    .where('version', '=', version)
    .executeTakeFirst();
}
