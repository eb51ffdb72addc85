import { type Column, timeValue } from './data-table.tsx';
import { ago, type TimeLike, utc } from './format.ts';

/** How long ago a time was: "4 min ago"; sorted by the time, with the exact one under the cursor. */
export function Age({ time }: { time: TimeLike }) {
  return <span title={`${utc(time, 'ms')} UTC`}>{ago(time)}</span>;
}

/** A column of ages, as wide as the longest of them. */
export function ageColumn<Row>(
  key: string,
  title: string,
  timeOf: (row: Row) => string | number | null | undefined,
): Column<Row> {
  return {
    key,
    title,
    value: (row) => timeValue(timeOf(row)),
    render: (row) => <Age time={timeOf(row)} />,
    width: '104px',
    align: 'right',
  };
}
