import type { FeaturesDoor, Vectorizer } from '../../features/index.ts';

/** What serving needs of the features domain: vectors for live requests, made synchronously; and their events of a person. */
export type FeaturesPort = Pick<FeaturesDoor, 'createVectorizer'> &
  Partial<Pick<FeaturesDoor, 'entityEvents'>>;

/** A vectorizer with what the request path asks of it, worked out once. */
export type FeatureSource = {
  readonly vectorizer: Vectorizer;
  /** `NAME@DIGEST12` */
  readonly ref: string;
  readonly digest: string;
  readonly width: number;
  /** Columns that a live request carries. */
  readonly columns: Vectorizer['inputs'];
  /** The column of the event time; a request may leave it out and give the parameter `event_time`. */
  readonly timeColumn: string;
  /** Names of the columns as the record spells them. */
  readonly heads: ReadonlyMap<string, string>;
};

export function featureSource(vectorizer: Vectorizer): FeatureSource {
  const { ref, digest, features, inputs, timeInput } = vectorizer;
  const heads = new Map(inputs.map(({ name }) => [name, columnHead(name)]));
  return { vectorizer, ref, digest, width: features.length, columns: inputs, timeColumn: timeInput, heads };
}

/** A column's name and the bracket that opens its values, as JSON. */
export function columnHead(name: string): string {
  return `${JSON.stringify(name)}:[`;
}
