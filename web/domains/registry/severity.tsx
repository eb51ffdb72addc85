import type { Risk } from '../../api/types.ts';

const tones = { low: 'ok', medium: 'warn', high: 'bad', critical: 'bad' } as const;

/** The severity of a model's risk; "not rated" where nobody has said it. */
export function Severity({ risk }: { risk: Risk | null }) {
  if (!risk) return <span className="faint">not rated</span>;
  return (
    <span
      className={`state bare tone-${tones[risk.severity]}`}
      title={`probability ${risk.probability} of 5, impact ${risk.impact} of 5`}
    >
      {risk.severity} <span className="dim">{risk.score} of 25</span>
    </span>
  );
}
