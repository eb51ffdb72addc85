import type { Static } from 'typebox';
import type {
  FailuresReply,
  HistoryReply,
  ResourcesReply,
} from '../../../src/domains/serving/observability/observability.contract.ts';

/** The course of a deployment's requests; steps without any are left out. */
export type ServingHistory = Static<typeof HistoryReply>;
export type FailureGroup = Static<typeof FailuresReply>['items'][number];
export type FailureExample = FailureGroup['examples'][number];
export type Resources = Static<typeof ResourcesReply>;
