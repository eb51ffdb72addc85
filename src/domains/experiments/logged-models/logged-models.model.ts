import { randomBytes } from 'node:crypto';
import { experimentsError } from '../experiments.contract.ts';
import type { MetricPoint } from '../experiments.model.ts';

export type LoggedModelStatus = 'PENDING' | 'READY' | 'FAILED';
export type LoggedModelMetric = MetricPoint & {
  runId: string;
  datasetName: string | null;
  datasetDigest: string | null;
};

/** A model that a run logged: files below its artifact root, with params, tags and metrics of its own. */
export type LoggedModel = {
  id: string;
  experimentId: number;
  name: string;
  modelType: string | null;
  sourceRunId: string | null;
  status: LoggedModelStatus;
  artifactUri: string;
  isDeleted: boolean;
  params: Record<string, string>;
  tags: Record<string, string>;
  metrics: LoggedModelMetric[];
  createdAt: number;
  updatedAt: number;
};

export const newLoggedModelId = (): string => `m-${randomBytes(16).toString('hex')}`;

/** @throws experiments.input.invalid for names that would read as a path or an address */
export function checkLoggedModelName(name: string): string {
  if (name.trim() === '' || name.length > 500 || /[/:.%"']|\p{Cc}/u.test(name)) {
    throw experimentsError(
      'experiments.input.invalid',
      "Invalid value for parameter 'name' supplied: a name has 1 to 500 characters, none of them / : . % \" or '.",
    );
  }
  return name;
}
