import type { Migration } from '../../platform/db/database.ts';
import { registryTables } from './migrations/registry-001-tables.ts';
import { registryCatalog } from './migrations/registry-002-catalog.ts';
import { registryConversions } from './migrations/registry-010-conversions.ts';
import { registryWebhooks } from './migrations/registry-011-webhooks.ts';
import type { WebhookRow } from './webhooks/webhooks.store.ts';

export type ModelRow = {
  name: string;
  workspace: string;
  description: string;
  owner: string;
  risk_probability: number | null;
  risk_impact: number | null;
  /** JSON of `GateSpec`. */
  gate: string;
  tags: string;
  /** Number of the newest version; 0 before the first. Its row orders concurrent registrations. */
  last_version: number;
  created_at: number;
  updated_at: number;
  /** Hidden from catalogs since then; its versions stay as evidence. */
  deleted_at?: number | null;
};

export type VersionRow = {
  model: string;
  version: number;
  digest: string;
  size: number;
  flavor: string;
  /** JSON of `ModelSignature`. */
  signature: string;
  /** JSON of `ModelFormat`. */
  format: string;
  source: string;
  tags: string;
  /** JSON of `Lineage`. */
  lineage: string;
  training_profile: string | null;
  created_at: number;
  actor: string;
  description?: string | null;
  /** A legacy stage: None, Staging, Production or Archived; null is None. */
  stage?: string | null;
  /** Where clients read the files from, when the source is only a reference. */
  storage_uri?: string | null;
  logged_model?: string | null;
  run_link?: string | null;
  /** What a person should know of the version's state. */
  status_message?: string | null;
  changed_at?: number | null;
  deleted_at?: number | null;
  /** The ONNX twin of a version that was registered in another form: digest, size, and JSON as above. */
  serving_digest?: string | null;
  serving_size?: number | null;
  serving_signature?: string | null;
  serving_format?: string | null;
};

/** One attempt to make the twin of a version. */
export type ConversionRow = {
  id: string;
  model: string;
  version: number;
  state: 'queued' | 'running' | 'converted' | 'failed';
  flavor: string;
  /** 1 when whoever asked may run code, so that pickles are loaded. */
  may_run_code: number;
  actor: string;
  progress: number | null;
  note: string | null;
  /** JSON of `ConversionFailure`. */
  error: string | null;
  /** JSON of `Parity`. */
  result: string | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
};

export type AliasRow = { model: string; alias: string; version: number; updated_at: number };

export type EvaluationRow = {
  id: string;
  model: string;
  digest: string;
  champion_digest: string | null;
  baseline_digest: string | null;
  test_digest: string;
  /** Digest of the report as JSON in the blob store. */
  report: string;
  profile: string | null;
  created_at: number;
  actor: string;
};

export type VerdictRow = {
  id: string;
  model: string;
  version: number;
  digest: string;
  decision: string;
  /** JSON of `GateCheck[]`. */
  checks: string;
  champion_version: number | null;
  champion_digest: string | null;
  evaluation: string | null;
  created_at: number;
  actor: string;
};

declare module '../../platform/db/database.ts' {
  interface Database {
    registry_models: ModelRow;
    registry_versions: VersionRow;
    registry_aliases: AliasRow;
    registry_evaluations: EvaluationRow;
    registry_verdicts: VerdictRow;
    registry_conversions: ConversionRow;
    registry_webhooks: WebhookRow;
  }
}

export const registryMigrations: Migration[] = [
  registryTables,
  registryCatalog,
  registryConversions,
  registryWebhooks,
];
