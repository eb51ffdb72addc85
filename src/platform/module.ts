import type { TSchema } from 'typebox';
import type { BlobReferrer } from './blobs/referrers.ts';
import type { Migration } from './db/database.ts';
import type { HoustonApp } from './http/app.ts';
import type { JobKind } from './jobs/jobs.ts';
import type { Json } from './json.ts';
import type { Reactor } from './reactors/reactors.ts';
import type { Scope } from './scope.ts';

/** What a domain offers to the composition root. */
export type DomainModule = {
  readonly name: string;
  readonly migrations?: readonly Migration[];
  readonly routes?: (app: HoustonApp) => void | Promise<void>;
  readonly reactors?: readonly Reactor[];
  readonly jobs?: readonly JobKind[];
  readonly declarables?: readonly Declarable[];
  /** Columns whose digests keep blobs alive; see `platform/blobs/referrers.ts`. */
  readonly blobReferrers?: readonly BlobReferrer[];
  /** Loads what the domain keeps in memory; runs after the migrations, before the server listens. */
  readonly start?: (scope: Scope) => Promise<void>;
  readonly stop?: () => Promise<void>;
};

/** A kind of entry of houston.yaml: how to list what is there, and how to make it as declared. */
export type Declarable = {
  /** The key in houston.yaml, in the plural: `datasets`, `pipelines`… */
  readonly kind: string;
  /** Schema of one entry. */
  readonly schema: TSchema;
  /** Kinds are applied in this order: what others refer to comes first. */
  readonly order: number;
  /** Rules of one entry that its schema cannot say; a plan checks them too. @throws the error that a person is told */
  check?(spec: Json): void;
  /** What is there now, as it would be declared. */
  list(scope: Scope): Promise<Record<string, Json>>;
  /** Makes one entry as declared. Must be idempotent, and record nothing when nothing changes. */
  apply(tx: Scope, name: string, spec: Json): Promise<void>;
};
