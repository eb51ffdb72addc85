// biome-ignore-all lint/suspicious/noArrayIndexKey: results and sample rows may be equal in everything
import { useState } from 'react';
import type { ExpectationResult, JsonObject, SuiteReport } from '../../api/types.ts';
import { brief, count, group, MISSING, minus, significant } from '../../ui/format.ts';
import { StateBadge } from '../../ui/state.tsx';

/** "expect_column_values_to_be_between" → "values to be between". */
export function expectationWords(type: string): string {
  return type
    .replace(/^expect_/, '')
    .replace(/^column_/, '')
    .replaceAll('_', ' ');
}

/** The arguments of an expectation in one line, without the column it names. */
export function argumentsOf(kwargs: JsonObject): string {
  return Object.entries(kwargs)
    .filter(
      ([key, value]) => !['column', 'column_list', 'column_A', 'column_B'].includes(key) && value !== null,
    )
    .map(([key, value]) => `${key.replaceAll('_', ' ')} ${brief(value, 60)}`)
    .join(', ');
}

/** One line per expectation, failed ones first; a failed one opens to the values and rows that broke it. */
export function ReportView({ report }: { report: SuiteReport }) {
  const results = [...report.results].sort((left, right) => Number(left.success) - Number(right.success));
  return (
    <div>
      <div className="row" style={{ padding: '4px 0 8px' }}>
        <StateBadge state={report.success ? 'passed' : 'refused'} />
        <span>
          {report.failed} of {report.evaluated} expectations failed on {count(report.rows)} rows
        </span>
      </div>
      <table className="plain-table">
        <thead>
          <tr>
            <th>Verdict</th>
            <th>Column</th>
            <th>Expectation</th>
            <th className="right">Unexpected</th>
            <th className="right">Share</th>
            <th>Severity</th>
          </tr>
        </thead>
        <tbody>
          {results.map((result, at) => (
            <ResultRow
              key={`${result.type}:${result.column}:${at}`}
              result={result}
              open={!result.success && results.filter((one) => !one.success).length < 3}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ResultRow({ result, open: first }: { result: ExpectationResult; open: boolean }) {
  const [open, setOpen] = useState(first);
  const more =
    !result.success &&
    (result.sampleRows.length > 0 || result.partialUnexpectedCounts.length > 0 || result.problem !== null);
  return (
    <>
      <tr onClick={more ? () => setOpen(!open) : undefined} style={more ? { cursor: 'pointer' } : undefined}>
        <td>
          <StateBadge state={result.success ? 'passed' : 'failed'} bare />
        </td>
        <td className="nowrap">{result.column ?? <span className="dim">table</span>}</td>
        <td>
          {more ? (
            <button
              type="button"
              className="grid-sort"
              style={{ color: 'var(--text)' }}
              aria-expanded={open}
              onClick={(event) => {
                event.stopPropagation();
                setOpen(!open);
              }}
            >
              {open ? '▾' : '▸'} {expectationWords(result.type)}
            </button>
          ) : (
            expectationWords(result.type)
          )}{' '}
          <span className="dim small">{argumentsOf(result.kwargs)}</span>
          {result.unexpectedCount === null && result.observed !== null ? (
            <span className="small"> observed {brief(result.observed)}</span>
          ) : null}
        </td>
        <td className="right">{result.unexpectedCount === null ? MISSING : group(result.unexpectedCount)}</td>
        <td className="right">
          {result.unexpectedPercent === null ? MISSING : `${significant(result.unexpectedPercent, 2)} %`}
        </td>
        <td className="dim">{result.severity}</td>
      </tr>
      {open && more ? (
        <tr>
          <td colSpan={6} style={{ padding: '4px 12px 12px', background: 'var(--sunken)' }}>
            {result.problem ? <div>Not evaluated: {result.problem}.</div> : null}
            {result.partialUnexpectedCounts.length > 0 ? (
              <div className="row wrap" style={{ padding: '4px 0', gap: 6 }}>
                <span className="dim small">most frequent unexpected values</span>
                {result.partialUnexpectedCounts.slice(0, 8).map((item) => (
                  <span key={String(item.value)} className="tag">
                    {item.value === null ? 'null' : brief(item.value, 32)} × {count(item.count)}
                  </span>
                ))}
              </div>
            ) : null}
            <SampleRows rows={result.sampleRows} mark={result.column} />
          </td>
        </tr>
      ) : null}
    </>
  );
}

/** Whole rows as they were; the column in question is marked. */
export function SampleRows({ rows, mark }: { rows: JsonObject[]; mark?: string | null }) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (rows.length === 0) return null;
  const marked = new Set((mark ?? '').split(', '));
  const numeric = new Set(
    names.filter((name) => rows.every((row) => row[name] === null || typeof row[name] === 'number')),
  );
  return (
    <div style={{ overflowX: 'auto' }}>
      <table className="plain-table">
        <thead>
          <tr>
            {names.map((name) => (
              <th
                key={name}
                className={numeric.has(name) ? 'right' : undefined}
                style={marked.has(name) ? { color: 'var(--bad)' } : undefined}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {names.map((name) => (
                <td
                  key={name}
                  className={numeric.has(name) ? 'right' : 'nowrap'}
                  style={marked.has(name) ? { color: 'var(--bad)' } : undefined}
                >
                  {row[name] === null ? <span className="faint">null</span> : verbatim(row[name])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A value with every digit that it has. */
function verbatim(value: JsonObject[string] | undefined): string {
  if (typeof value === 'number') return minus(String(value));
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
