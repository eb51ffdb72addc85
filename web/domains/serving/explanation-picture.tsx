import type { Explanation } from '../../api/types.ts';
import { brief, significant } from '../../ui/format.ts';
import { scaleOf, stepsOf } from './explanation-steps.ts';
import './explanation.css';

/** How the usual score becomes this one: a bar a feature, the strongest first. */
export function ExplanationPicture({ explanation }: { explanation: Explanation }) {
  const { base, output, link } = explanation;
  const steps = stepsOf(explanation);
  const place = scaleOf(steps, [base, output]);
  const scale = link === 'logit' ? 'log-odds' : 'score';
  return (
    <ol className="waterfall" aria-label={`Waterfall from the usual ${scale} to this one`}>
      <End label={`Usual ${scale}`} value={base} at={place(base)} />
      {steps.map((step) => {
        const { label, value, isFeature, contribution, standardError, start, end } = step;
        const raises = contribution > 0;
        const from = Math.min(place(start), place(end));
        const width = Math.max(Math.abs(place(end) - place(start)), 0.3);
        return (
          <li key={label} className="waterfall-line">
            <span className="waterfall-name truncate" title={label}>
              <code>{label}</code>
              {isFeature ? <span className="dim"> = {value === null ? 'missing' : brief(value)}</span> : null}
            </span>
            <span className="waterfall-track" aria-hidden="true">
              <i className={raises ? 'raises' : 'lowers'} style={{ left: `${from}%`, width: `${width}%` }} />
              <b style={{ left: `${place(end)}%` }} />
            </span>
            <span className="waterfall-share">
              <span className={raises ? 'raises-text' : 'lowers-text'}>
                {raises ? '▲ raises' : '▼ lowers'}
              </span>{' '}
              {significant(Math.abs(contribution))}
              {standardError > 0 ? <span className="faint"> ± {significant(standardError, 2)}</span> : null}
            </span>
          </li>
        );
      })}
      <End label={`This ${scale}`} value={output} at={place(output)} />
    </ol>
  );
}

function End({ label, value, at }: { label: string; value: number; at: number }) {
  return (
    <li className="waterfall-line end">
      <span className="waterfall-name">{label}</span>
      <span className="waterfall-track" aria-hidden="true">
        <b className="end" style={{ left: `${at}%` }} />
      </span>
      <span className="waterfall-share">{significant(value, 4)}</span>
    </li>
  );
}
