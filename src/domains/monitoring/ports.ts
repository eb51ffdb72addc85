import type { RegistryDoor } from '../registry/index.ts';
import type { ServingDoor } from '../serving/index.ts';

/** What monitoring needs of serving. */
export type ServingPort = Pick<
  ServingDoor,
  | 'listDeployments'
  | 'getRevision'
  | 'predictionsSql'
  | 'joinedSql'
  | 'listRevisions'
  | 'meters'
  | 'hiddenFeatures'
>;

/** What monitoring needs of the registry. */
export type RegistryPort = Pick<RegistryDoor, 'findVersion' | 'profile' | 'latestEvaluation'>;
