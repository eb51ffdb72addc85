import { Button, SegmentedControl } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { type ApiError, api, path } from '../../api/client.ts';
import type { Explanation, ExplanationRunning, Prediction } from '../../api/types.ts';
import { download } from '../../ui/export.ts';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { duration, group, percent, significant, utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { ExplanationPicture } from './explanation-picture.tsx';

import './explanation.css';

type Ask = { link: Explanation['link']; upstream?: boolean };

/** Explains a recorded prediction when asked to: it costs the model many runs, so never by itself. */
export function PredictionExplanation({ row }: { row: Prediction }) {
  const [link, setLink] = useState<Explanation['link']>('identity');
  const [running, setRunning] = useState<ExplanationRunning | null>(null);
  const stop = useRef(new AbortController());
  useEffect(() => {
    stop.current = new AbortController();
    return () => stop.current.abort();
  }, []);
  const ask = useMutation<Explanation, ApiError, Ask>({
    mutationFn: async (body) => {
      const target = path`/api/serving/predictions/${row.id}/explanation`;
      for (;;) {
        const answer = await api.post<Explanation | ExplanationRunning>(
          target,
          body,
          {},
          stop.current.signal,
        );
        if (answer.state === 'done') return answer;
        setRunning(answer);
      }
    },
    onSettled: () => setRunning(null),
  });
  const explain = (more: Partial<Ask> = {}) => ask.mutate({ link, ...more });
  if (row.score === null) return <span className="dim">There is no score to explain.</span>;
  return (
    <div className="stack loose">
      <div className="explanation-tools">
        <Button loading={ask.isPending} onClick={() => explain()}>
          {ask.data ? 'Explain again' : 'Explain'}
        </Button>
        <SegmentedControl
          aria-label="Scale of the contributions"
          value={link}
          onChange={(value) => {
            setLink(value as Explanation['link']);
            if (ask.data) explain({ link: value as Explanation['link'] });
          }}
          data={[
            { label: 'Score', value: 'identity' },
            { label: 'Log-odds', value: 'logit' },
          ]}
        />
        <span className="dim small grow" aria-live="polite">
          {ask.isPending ? progressText(running) : ask.data ? null : whatItDoes}
        </span>
        {ask.data ? (
          <Button variant="default" onClick={() => save(ask.data)}>
            Export JSON
          </Button>
        ) : null}
      </div>
      {ask.isError ? <ErrorPanel error={ask.error} /> : null}
      {ask.error?.code === 'serving.explanation.upstream_calls' ? (
        <Button variant="default" onClick={() => explain({ upstream: true })}>
          Ask the other server all the same
        </Button>
      ) : null}
      {ask.data ? <Explained explanation={ask.data} /> : null}
    </div>
  );
}

const whatItDoes = 'Which features made this score what it is, against recorded rows of the same revision.';

function progressText(running: ExplanationRunning | null): string {
  if (!running) return 'Asking the model…';
  if (running.waiting > 0) return `${running.waiting} explanations are ahead…`;
  return running.total > 0
    ? `${percent(Math.min(1, running.done / running.total), 0)} of ${group(running.total)} rows scored…`
    : `${group(running.done)} rows scored…`;
}

function save(explanation: Explanation): void {
  const text = JSON.stringify(explanation, null, 2);
  download(`explanation-${explanation.prediction}.json`, 'application/json', text);
}

function Explained({ explanation }: { explanation: Explanation }) {
  const { reasons, background, score, recordedScore, sum, exact } = explanation;
  const differs =
    recordedScore !== null && Math.abs(score - recordedScore) > 1e-4 * Math.max(1, Math.abs(score));
  return (
    <>
      <ExplanationPicture explanation={explanation} />
      <div>
        <h3 style={{ fontSize: 'var(--fs-2)' }}>Reasons, the strongest first</h3>
        {reasons.length === 0 ? (
          <span className="dim">No feature differs in its effect from the rows it is compared with.</span>
        ) : (
          <ol className="reason-codes">
            {reasons.slice(0, 10).map((reason) => (
              <li key={reason.feature}>
                {reason.text ? <strong>{reason.text}. </strong> : null}
                <span className={reason.text ? 'dim' : undefined}>{reason.sentence}</span>
              </li>
            ))}
          </ol>
        )}
        {reasons.length > 10 ? (
          <span className="dim small">{reasons.length - 10} further ones are in the export.</span>
        ) : null}
      </div>
      <KeyValue
        items={[
          ['Method', `${explanation.method} Shapley values${exact ? '' : ', sampled'}`],
          ['Why so', explanation.methodReason],
          [
            'Compared with',
            `${group(background.rows)} of ${group(background.of)} rows: ${background.source}, ${utc(background.from, 'second')} to ${utc(background.to, 'second')} UTC`,
          ],
          [
            'Sum check',
            `base ${significant(explanation.base, 4)} + contributions ${significant(sum.contributions, 4)} = ${significant(explanation.output, 4)} (off by ${significant(Math.abs(sum.difference), 2)})`,
          ],
          ['Cost', `${group(explanation.modelRows)} rows scored in ${duration(explanation.elapsedMs)}`],
          [
            'Score at the time',
            differs ? `${significant(recordedScore, 4)}: the model gives another one now` : undefined,
          ],
        ]}
      />
    </>
  );
}
