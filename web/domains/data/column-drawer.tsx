import type { ReactNode } from 'react';
import type { ProfileColumn } from '../../api/types.ts';
import { brief, count, duration, percent, plain, significant, utc } from '../../ui/format.ts';
import { Histogram } from '../../ui/histogram.tsx';
import { KeyValue } from '../../ui/key-value.tsx';
import { Drawer } from '../../ui/overlay.tsx';
import { pictureOf } from './profile-view.tsx';

/** The whole picture of one column. */
export function ColumnDrawer({
  column,
  rows,
  close,
}: {
  column: ProfileColumn | undefined;
  rows: number;
  close: () => void;
}) {
  return (
    <Drawer open={column !== undefined} close={close} title={column?.name ?? ''} size={720}>
      {column ? <Details column={column} rows={rows} /> : null}
    </Drawer>
  );
}

function Details({ column, rows }: { column: ProfileColumn; rows: number }) {
  const picture = pictureOf(column);
  const histogram = column.numeric?.histogram ?? column.temporal?.histogram;
  return (
    <>
      {picture ? (
        <Histogram {...picture} names={[histogram ? 'rows' : 'most frequent values', '']} height={240} />
      ) : (
        <p className="dim">A column of this type has no picture.</p>
      )}
      {histogram && histogram.below + histogram.above > 0 ? (
        <p className="small dim">
          Outside the bins: {count(histogram.below)} below, {count(histogram.above)} above.
        </p>
      ) : null}
      <KeyValue items={facts(column, rows)} />
      {column.top.length > 0 ? (
        <table className="plain-table">
          <thead>
            <tr>
              <th>Most frequent values</th>
              <th className="right">Rows</th>
              <th className="right">Share</th>
            </tr>
          </thead>
          <tbody>
            {column.top.slice(0, 20).map((item) => (
              <tr key={String(item.value)}>
                <td>{brief(item.value)}</td>
                <td className="right">{count(item.count)}</td>
                <td className="right">{percent(item.count / Math.max(1, rows))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </>
  );
}

function facts(column: ProfileColumn, rows: number): [string, ReactNode | undefined][] {
  const { numeric, temporal, text } = column;
  const common: [string, ReactNode | undefined][] = [
    ['Type', column.type],
    ['Rows', count(rows)],
    ['Missing', `${count(column.missing)} (${significant(column.missingPercent, 3)} %)`],
    ['Distinct values', count(column.distinct)],
  ];
  if (numeric) {
    return [
      ...common,
      ['Minimum', plain(numeric.min, 5)],
      ...Object.entries(numeric.quantiles).map<[string, string]>(([key, value]) => [
        `${Number(key.slice(1))} % quantile`,
        plain(value, 5),
      ]),
      ['Maximum', plain(numeric.max, 5)],
      ['Mean', significant(numeric.mean, 5)],
      ['Standard deviation', significant(numeric.std, 4)],
      ['Skewness', significant(numeric.skewness, 3)],
      ['Zeros', `${count(numeric.zeros)} (${percent(numeric.zeros / Math.max(1, rows))})`],
      ['Negative', `${count(numeric.negatives)} (${percent(numeric.negatives / Math.max(1, rows))})`],
      ['Infinite', numeric.infinite > 0 ? count(numeric.infinite) : undefined],
    ];
  }
  if (temporal) {
    return [
      ...common,
      ['First', `${utc(temporal.min, 'second')} UTC`],
      ['Last', `${utc(temporal.max, 'second')} UTC`],
      ['Span', duration(temporal.max - temporal.min)],
    ];
  }
  if (text) {
    return [
      ...common,
      [
        'Length',
        `${text.minLength} to ${text.maxLength} characters, ${significant(text.meanLength, 3)} in the mean`,
      ],
      ['Empty', count(text.empty)],
    ];
  }
  return common;
}
