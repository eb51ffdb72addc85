import { useApi } from '../../api/hooks.ts';
import type { RiskMatrix as Matrix, Risk } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import './registry.css';

/** The 5 × 5 matrix of probability and impact with the model's place in it. With `choose` its cells are buttons. */
export function RiskMatrix({
  risk,
  choose,
}: {
  risk: Pick<Risk, 'probability' | 'impact'> | null;
  choose?: (cell: Risk) => void;
}) {
  const matrix = useApi<Matrix>('/api/registry/risk-matrix');
  return (
    <Loaded query={matrix} height={220}>
      {({ probability, impact, rows }) => (
        <fieldset className="risk" aria-label="Risk: probability by impact">
          {rows.map((cells, row) => (
            <Row
              key={cells[0]?.probability}
              name={probability[4 - row] ?? ''}
              cells={cells}
              risk={risk}
              {...(choose ? { choose } : {})}
            />
          ))}
          <span />
          {impact.map((name) => (
            <span key={name} className="risk-foot" title={name}>
              {name}
            </span>
          ))}
          <span />
          <span className="faint" style={{ gridColumn: 'span 5', textAlign: 'center' }}>
            impact when it is wrong; rows: how likely
          </span>
        </fieldset>
      )}
    </Loaded>
  );
}

function Row({
  name,
  cells,
  risk,
  choose,
}: {
  name: string;
  cells: Risk[];
  risk: Pick<Risk, 'probability' | 'impact'> | null;
  choose?: (cell: Risk) => void;
}) {
  return (
    <>
      <span className="risk-name">{name}</span>
      {cells.map((cell) => {
        const here = risk?.probability === cell.probability && risk.impact === cell.impact;
        const classes = `risk-cell ${cell.severity}${here ? ' here' : ''}`;
        const title = `probability ${cell.probability}, impact ${cell.impact}: ${cell.severity}`;
        const text = here ? cell.severity : cell.score;
        return choose ? (
          <button
            key={cell.impact}
            type="button"
            className={classes}
            title={title}
            aria-pressed={here}
            onClick={() => choose(cell)}
          >
            {text}
          </button>
        ) : (
          <span key={cell.impact} className={classes} title={title}>
            {text}
          </span>
        );
      })}
    </>
  );
}
