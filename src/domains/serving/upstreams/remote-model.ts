import type { NamedTensor, TensorSpec } from '../runtime/tensors.ts';

/** A model on another server, as one of the protocols shows it. */
export type RemoteModel = {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** `headers` go with the request, such as those of a trace. */
  predict(feeds: readonly NamedTensor[], headers?: Readonly<Record<string, string>>): Promise<NamedTensor[]>;
};

/** Where a model runs, when not here; part of a revision's identity. */
export type Upstream = {
  /** Address of the server, with a path where it has one. */
  url: string;
  protocol: 'open-inference' | 'mlflow';
  /** Name of the model there, for Open Inference; default: the model's own name. */
  model?: string;
};

/** What a version says of its own interface. */
export type KnownSignature = {
  inputs: readonly { name: string; datatype: string; shape: readonly number[] | null }[];
  outputs: readonly { name: string; datatype: string; shape: readonly number[] | null }[];
};
