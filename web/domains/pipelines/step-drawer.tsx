import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { type ApiError, api, path } from '../../api/client.ts';
import type { JsonObject, PipelineJob, PipelineStep } from '../../api/types.ts';
import { JsonBlock } from '../../ui/code-block.tsx';
import { Digest } from '../../ui/copy-id.tsx';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { duration, utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Drawer } from '../../ui/overlay.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { tookMs } from './pipeline-words.ts';

const TAIL = 64_000;

/** Everything about one step of a run; its log follows while it runs. */
export function StepDrawer({
  run,
  step,
  jobs,
  close,
}: {
  run: string;
  step: PipelineStep | undefined;
  jobs: Record<string, PipelineJob> | undefined;
  close: () => void;
}) {
  return (
    <Drawer open={step !== undefined} close={close} title={step ? `Step ${step.key}` : ''} size={760}>
      {step ? (
        <>
          <div className="row">
            <StateBadge state={step.state} />
            <span className="dim">{step.uses ?? 'run'}</span>
          </div>
          <KeyValue
            items={[
              ['Started', step.startedAt ? `${utc(step.startedAt, 'second')} UTC` : undefined],
              ['Took', step.startedAt ? duration(tookMs(step)) : undefined],
              ['Attempt', step.attempt && step.attempt > 1 ? String(step.attempt) : undefined],
              [
                'Progress',
                step.state === 'running' && step.progress
                  ? `${Math.round(step.progress * 100)} % ${step.note ?? ''}`
                  : undefined,
              ],
            ]}
          />
          {step.awaiting ? (
            <div>
              Waits for <Link to={`/governance/approvals/${step.awaiting}`}>an approval</Link>.
            </div>
          ) : null}
          {step.error ? <StepError error={step.error} /> : null}
          <Cache step={step} />
          <Log run={run} step={step} />
          <Values title="Outputs" values={step.outputs} />
          <Values title="Inputs as declared" values={jobs?.[step.job ?? step.key]?.with} />
          <Values title="Matrix" values={step.matrix} />
        </>
      ) : null}
    </Drawer>
  );
}

function StepError({ error }: { error: NonNullable<PipelineStep['error']> }) {
  const known = typeof error === 'string' ? { message: error } : error;
  return (
    <div className="error" role="alert">
      <h3>{known.message}</h3>
      {'next' in known && known.next ? <div>{known.next}</div> : null}
      <div>What finished before it is kept; the run can be resumed.</div>
    </div>
  );
}

function Cache({ step }: { step: PipelineStep }) {
  const { cache } = step;
  if (!cache) return null;
  return (
    <section className="stack" style={{ gap: 4 }}>
      <h3 style={{ fontSize: 13 }}>Cache</h3>
      <div>
        {cache.hit
          ? 'The result was taken from the cache: the same step with the same inputs ran before.'
          : 'It ran anew.'}{' '}
        {cache.key ? (
          <>
            Key <Digest digest={cache.key} />
          </>
        ) : null}
      </div>
      {!cache.hit && cache.why && cache.why.length > 0 ? (
        <ul style={{ margin: 0, paddingLeft: 18 }}>
          {cache.why.map((line) => (
            <li key={line} className="mono" style={{ lineHeight: '18px', overflowWrap: 'anywhere' }}>
              {line}
            </li>
          ))}
        </ul>
      ) : null}
    </section>
  );
}

/** The log so far; while the step runs only what is new is asked for. */
function useStepLog(run: string, step: string, running: boolean) {
  const kept = useRef({ of: '', text: '', offset: 0 });
  return useQuery<string, ApiError>({
    queryKey: ['pipelines', 'log', run, step],
    queryFn: async ({ signal }) => {
      if (kept.current.of !== `${run}/${step}`) kept.current = { of: `${run}/${step}`, text: '', offset: 0 };
      for (;;) {
        const part = await api.raw(
          path`/api/pipelines/runs/${run}/steps/${step}/log`,
          { offset: kept.current.offset },
          signal,
        );
        kept.current.text = (kept.current.text + (await part.text())).slice(-TAIL);
        const next = Number(part.headers.get('x-next-offset') ?? kept.current.offset);
        const done = next <= kept.current.offset || next >= Number(part.headers.get('x-log-size') ?? next);
        kept.current.offset = next;
        if (done) return kept.current.text;
      }
    },
    ...(running ? { refetchInterval: 1_000 } : {}),
  });
}

function Log({ run, step }: { run: string; step: PipelineStep }) {
  const running = step.state === 'running';
  const log = useStepLog(run, step.key, running);
  const frame = useRef<HTMLPreElement>(null);
  const text = log.data ?? '';
  // biome-ignore lint/correctness/useExhaustiveDependencies: follow the end while it runs
  useEffect(() => {
    if (running && frame.current) frame.current.scrollTop = frame.current.scrollHeight;
  }, [text, running]);
  if (log.isError && log.error.status !== 404) return <ErrorPanel error={log.error} />;
  return (
    <section className="stack" style={{ gap: 4 }}>
      <div className="spread">
        <h3 style={{ fontSize: 13 }}>Log</h3>
        <a
          className="small"
          href={path`/api/pipelines/runs/${run}/steps/${step.key}/log`}
          target="_blank"
          rel="noreferrer"
        >
          the whole log
        </a>
      </div>
      <pre ref={frame} className="code" style={{ maxHeight: 320, minHeight: 40 }}>
        {text === '' ? (
          <span className="faint">{running ? 'Nothing written yet.' : 'The step wrote no log.'}</span>
        ) : (
          text
        )}
      </pre>
    </section>
  );
}

function Values({ title, values }: { title: string; values: JsonObject | null | undefined }) {
  if (!values || Object.keys(values).length === 0) return null;
  return (
    <section className="stack" style={{ gap: 4 }}>
      <h3 style={{ fontSize: 13 }}>{title}</h3>
      <JsonBlock value={values} />
    </section>
  );
}
