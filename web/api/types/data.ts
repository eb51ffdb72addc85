import type { Static } from 'typebox';
import type {
  ColumnSchema,
  DatasetReply,
  DiffReply,
  ExpectationReply,
  ProfileReply,
  ReportReply,
  ResultReply,
  RowsReply,
  UploadReply as UploadReplySchema,
  ValidationDetail,
  ValidationReply,
  VersionReply,
} from '../../../src/domains/data/data.contract.ts';

export type Expectation = Static<typeof ExpectationReply>;
export type Column = Static<typeof ColumnSchema>;
/** A page of rows: each a list of values in the order of the columns. */
export type DatasetRows = Static<typeof RowsReply>;
export type Dataset = Static<typeof DatasetReply>;
export type DatasetVersion = Static<typeof VersionReply>;
/** What one expectation found; percentages are 0 to 100. */
export type ExpectationResult = Static<typeof ResultReply>;
export type SuiteReport = Static<typeof ReportReply>;
/** With its report where it was read alone. */
export type Validation = Static<typeof ValidationReply> & Partial<Static<typeof ValidationDetail>>;
export type UploadReply = Static<typeof UploadReplySchema>;
export type ProfileState = Static<typeof ProfileReply>;
export type Profile = Extract<ProfileState, { state: 'ready' }>['profile'];
export type ProfileColumn = Profile['columns'][number];
export type VersionDiff = Static<typeof DiffReply>;
export type ColumnDiff = VersionDiff['columns'][number];
export type SideSummary = ColumnDiff['from'];
