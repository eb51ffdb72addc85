import type { Static } from 'typebox';
import type {
  AssessmentReply,
  SpanColumnsReply,
  SpanReply,
  TraceReply,
  TraceSummary as TraceSummarySchema,
  Usage as UsageSchema,
} from '../../../src/domains/experiments/traces/traces.contract.ts';

export type { SpanColumnsReply as SpanColumns };
export type Usage = Static<typeof UsageSchema>;
export type Assessment = Static<typeof AssessmentReply>;
export type TraceSummary = Static<typeof TraceSummarySchema>;
export type Trace = Static<typeof TraceReply>;
export type Span = Static<typeof SpanReply>;
