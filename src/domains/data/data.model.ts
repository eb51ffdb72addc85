import { digestJson } from '../../platform/digest.ts';
import type { Json } from '../../platform/json.ts';
import type { Column } from './columns.ts';
import type { Expectation } from './expectations/expectation.model.ts';

export type Part = { digest: string; sourceDigest: string; size: number; rows: number };

export type Dataset = {
  name: string;
  description: string;
  /** The column that says when a row happened. */
  eventTime: string | null;
  owner: string;
  /** 0 until there is a version. */
  latestVersion: number;
  suiteRevision: number;
  expectations: Expectation[];
  /** The expectations as they were written. */
  declared: Json[];
  createdAt: number;
  updatedAt: number;
};

/** An immutable state of a dataset: Parquet parts in order, of one schema. */
export type DatasetVersion = {
  dataset: string;
  version: number;
  /** Digest of the manifest: schema and parts, so equal content has an equal digest anywhere. */
  digest: string;
  rows: number;
  bytes: number;
  parts: number;
  columns: Column[];
  /** First and last event time in milliseconds, when the dataset names an event time. */
  timeFrom: number | null;
  timeTo: number | null;
  mode: UploadMode;
  source: string;
  validation: string | null;
  actor: string;
  createdAt: number;
};

export type UploadMode = 'append' | 'replace';
export type Outcome = 'accepted' | 'refused' | 'checked';

export const datasetSubject = (name: string) => `dataset:${name}`;
export const versionSubject = (name: string, version: number) => `dataset:${name}@${version}`;

/** What a version is made of; its canonical JSON is what the version's digest is the digest of. */
export function manifestOf(columns: readonly Column[], parts: readonly Part[]) {
  return {
    schema: columns.map(({ name, type }) => ({ name, type })),
    parts: parts.map(({ digest, rows, size }) => ({ digest, rows, size })),
  };
}

export function manifestDigest(columns: readonly Column[], parts: readonly Part[]): string {
  return digestJson(manifestOf(columns, parts));
}

/** True when both lists name the same columns of the same types in the same order. */
export function sameColumns(a: readonly Column[], b: readonly Column[]): boolean {
  return a.length === b.length && a.every(({ name, type }, i) => name === b[i].name && type === b[i].type);
}
