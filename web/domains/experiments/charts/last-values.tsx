import type { Curve } from '../../../api/types.ts';
import { usePalette } from '../../../ui/charts.ts';
import { significant } from '../../../ui/format.ts';
import type { RunLine } from './curve-chart.tsx';
import './last-values.css';

type LastValuesProps = { name: string; curves: Curve[]; runs: RunLine[]; height: number };

/** A metric that every run logged once: its values as bars on one scale, the largest first. */
export function LastValues({ name, curves, runs, height }: LastValuesProps) {
  const palette = usePalette();
  const rows = curves
    .map((curve) => ({
      run: runs.find(({ id }) => id === curve.run),
      key: curve.run,
      value: curve.values.at(-1) ?? null,
    }))
    .sort(
      (left, right) => (right.value ?? Number.NEGATIVE_INFINITY) - (left.value ?? Number.NEGATIVE_INFINITY),
    );
  const widest = Math.max(...rows.map(({ value }) => Math.abs(value ?? 0)));
  return (
    <div className="last-values" style={{ maxHeight: height }}>
      <table aria-label={`${name}: the value of each run`}>
        <tbody>
          {rows.map(({ run, key, value }) => (
            <tr key={key}>
              <th className="truncate" title={run?.label ?? key}>
                {run?.label ?? key}
              </th>
              <td className="last-bar">
                {value === null || widest === 0 ? null : (
                  <i
                    style={{
                      width: `${(Math.abs(value) / widest) * 100}%`,
                      background: palette.series[(run?.color ?? 0) % palette.series.length],
                    }}
                  />
                )}
              </td>
              <td className="num" title={value === null ? 'not a finite number' : String(value)}>
                {value === null ? 'not finite' : significant(value, 5)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
