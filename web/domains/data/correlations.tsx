import { count, metric } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';

function ground(value: number): string {
  const share = Math.round(Math.abs(value) * 70);
  return `color-mix(in oklab, ${value < 0 ? 'var(--s2)' : 'var(--s1)'} ${share}%, var(--panel))`;
}

/** Pearson correlations of the numeric columns: blue together, orange against each other. */
export function Correlations({
  columns,
  values,
  rows,
}: {
  columns: string[];
  values: (number | null)[][];
  rows: number;
}) {
  return (
    <Panel
      title="Correlations"
      note={`Pearson, of the numeric columns, n = ${count(rows)}; blue moves together, orange against`}
      flush
    >
      <div style={{ overflowX: 'auto' }}>
        <table className="plain-table" style={{ width: 'auto' }}>
          <thead>
            <tr>
              <th />
              {columns.map((name) => (
                <th key={name} className="right">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {columns.map((name, row) => (
              <tr key={name}>
                <td className="dim">{name}</td>
                {columns.map((other, column) => {
                  const value = values[row]?.[column];
                  return (
                    <td
                      key={other}
                      className="right"
                      style={
                        value === null || value === undefined || row === column
                          ? undefined
                          : { background: ground(value) }
                      }
                    >
                      {metric(value, 2)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
