import { registryError } from '../registry.contract.ts';

const STAGES = ['None', 'Staging', 'Production', 'Archived'] as const;
export type StageName = (typeof STAGES)[number];

/** A model as catalogs of other tools show it. */
export type CatalogModel = {
  name: string;
  description: string;
  tags: Record<string, string>;
  aliases: Record<string, number>;
  /** The newest version of each stage. */
  latest: CatalogVersion[];
  createdAt: number;
  updatedAt: number;
};

/** A version as catalogs of other tools show it. */
export type CatalogVersion = {
  model: string;
  version: number;
  description: string;
  stage: StageName;
  source: string;
  storageUri: string;
  runId: string | null;
  runLink: string | null;
  loggedModel: string | null;
  flavor: string;
  statusMessage: string;
  tags: Record<string, string>;
  aliases: string[];
  user: string;
  createdAt: number;
  updatedAt: number;
};

/** @throws registry.stage.invalid */
export function parseStage(text: string): StageName {
  const stage = STAGES.find((one) => one.toLowerCase() === text.toLowerCase());
  if (!stage) throw registryError('registry.stage.invalid', 'This is not a stage of a version.');
  return stage;
}

/** @throws registry.tag.invalid */
export function checkTag(key: string, value: string): void {
  if (key === '' || key.length > 250 || value.length > 100_000 || /\p{Cc}/u.test(key)) {
    throw registryError(
      'registry.tag.invalid',
      'The key or the value of the tag is too long, or the key empty.',
    );
  }
}

/**
 * Sources are labels that clients may follow; the server itself only ever reads its own artifact store. Still they
 * must not lead a client out of where they seem to point.
 * @throws registry.source.invalid
 */
export function checkSource(source: string): string {
  const isClimbing = /(?:^|[/\\:])(?:\.|%2e|%252e){2}(?:[/\\;]|%2f|%5c|%252f|$)/i.test(source);
  if (source === '' || source.length > 4000 || isClimbing || /[#?\\]|%23|%3f|\p{Cc}/iu.test(source)) {
    throw registryError('registry.source.invalid', 'The source has a query, a fragment, an escape or "..".');
  }
  return source;
}

/** A path on a disk rather than an address or a word. */
export const isLocalPath = (source: string): boolean =>
  /^file:/i.test(source) ||
  (!/^[a-z][\w+.-]*:/i.test(source) && source.includes('/')) ||
  /^[a-z]:/i.test(source);
