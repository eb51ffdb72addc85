export { isFileGone, withFreshFiles } from './replaced-files.ts';
export { parquetSource, sqlIdentifier, sqlLiteral, sqlTimestamp } from './sql.ts';
export {
  type Columns,
  createTables,
  openTables,
  type Row,
  type SqlParameter,
  type Tables,
  type TablesOptions,
} from './tables.ts';
