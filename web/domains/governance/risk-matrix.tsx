const tones: Record<string, 'ok' | 'warn' | 'bad' | 'none'> = {
  low: 'ok',
  medium: 'none',
  high: 'warn',
  critical: 'bad',
};
const words = ['very low', 'low', 'medium', 'high', 'very high'];

function ground(score: number): string {
  if (score >= 15) return 'var(--bad-soft)';
  if (score >= 8) return 'var(--warn-soft)';
  return score >= 4 ? 'var(--none-soft)' : 'var(--ok-soft)';
}

/** The tone of a severity. */
export function severityTone(severity: string): 'ok' | 'warn' | 'bad' | 'none' {
  return tones[severity] ?? 'none';
}

/** The 5 × 5 matrix of probability and impact with this object's place in it. */
export function RiskMatrix({ probability, impact }: { probability: number; impact: number }) {
  const levels = [1, 2, 3, 4, 5];
  return (
    <table
      style={{ borderCollapse: 'separate', borderSpacing: 2 }}
      aria-label={`Risk: probability ${probability} of 5, impact ${impact} of 5`}
    >
      <tbody>
        {[...levels].reverse().map((row) => (
          <tr key={row}>
            <th className="small dim nowrap" style={{ fontWeight: 400, textAlign: 'right', paddingRight: 6 }}>
              {row === 5 ? 'probability ' : ''}
              {words[row - 1]}
            </th>
            {levels.map((column) => {
              const here = row === probability && column === impact;
              return (
                <td
                  key={column}
                  className="small"
                  style={{
                    width: 34,
                    height: 26,
                    textAlign: 'center',
                    background: ground(row * column),
                    outline: here ? '2px solid var(--text)' : undefined,
                    fontWeight: here ? 700 : 400,
                    color: here ? 'var(--text)' : 'var(--faint)',
                  }}
                >
                  {row * column}
                </td>
              );
            })}
          </tr>
        ))}
        <tr>
          <td />
          {levels.map((column) => (
            <td key={column} className="small dim" style={{ textAlign: 'center' }}>
              {column}
            </td>
          ))}
        </tr>
        <tr>
          <td />
          <td colSpan={5} className="small dim" style={{ textAlign: 'center' }}>
            impact
          </td>
        </tr>
      </tbody>
    </table>
  );
}
