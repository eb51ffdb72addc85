import { Button } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct, useApi } from '../../api/hooks.ts';
import type { Pipeline, PipelineRunDetail, PipelineStep } from '../../api/types.ts';
import { CopyId } from '../../ui/copy-id.tsx';
import { Loaded } from '../../ui/feedback.tsx';
import { brief, duration, MISSING, utc } from '../../ui/format.ts';
import { Graph } from '../../ui/graph.tsx';
import { KeyValue } from '../../ui/key-value.tsx';
import { Confirm } from '../../ui/overlay.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { isOver, runGraph, startedBy, tookMs } from './pipeline-words.ts';
import { RunButton } from './run-form.tsx';
import { StepDrawer } from './step-drawer.tsx';
import { stepResult, whyItRan } from './step-result.ts';

/** One run, live: its graph, its steps, and for each step log, cache, inputs and outputs. */
export function RunPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const target = path`/api/pipelines/runs/${id}`;
  const [over, setOver] = useState(false);
  const run = useApi<PipelineRunDetail>(target, over ? {} : { every: 1_500 });
  const pipeline = useApi<Pipeline>(path`/api/pipelines/${run.data?.pipeline ?? ''}`, {
    enabled: run.data !== undefined,
  });
  const [step, openStep] = useUrlState('step');
  if (run.data && isOver(run.data) !== over) setOver(isOver(run.data));
  const steps = run.data?.steps ?? [];
  return (
    <Page
      of={run}
      title={run.data ? <CopyId id={id} /> : id}
      name={`Run ${id}`}
      crumbs={[
        { label: 'Pipelines', to: '/pipelines' },
        ...(run.data
          ? [{ label: run.data.pipeline, to: `/pipelines/${encodeURIComponent(run.data.pipeline)}` }]
          : []),
      ]}
      subject={`run:${id}`}
      state={run.data ? <StateBadge state={run.data.state} /> : undefined}
      actions={run.data ? <RunActions run={run.data} target={target} pipeline={pipeline.data} /> : undefined}
      api={{ path: target, cli: 'houston pipelines runs' }}
    >
      <Loaded query={run} height={420}>
        {(found) => (
          <>
            {found.reason ? (
              <Panel>
                <p
                  style={{ color: `var(--${found.state === 'failed' ? 'bad' : 'warn'})`, maxWidth: '120ch' }}
                >
                  {found.reason.replace(/^gate: /, '')}
                </p>
              </Panel>
            ) : null}
            <Panel flush>
              <Graph label={`Steps of run ${id}`} {...runGraph(steps, step)} compact onOpen={openStep} />
            </Panel>
            <Panel title="Steps" note={stepNote(steps)} span={9} flush>
              <StepsTable steps={steps} open={openStep} chosen={step} />
            </Panel>
            <Panel title="Run" span={3}>
              <KeyValue
                items={[
                  [
                    'Pipeline',
                    <Link key="p" to={`/pipelines/${encodeURIComponent(found.pipeline)}`}>
                      {found.pipeline}
                    </Link>,
                  ],
                  ['Revision', String(found.revision ?? '')],
                  [
                    'Started by',
                    <span key="b">
                      {startedBy(found)}
                      {found.cause ? (
                        <>
                          {', '}
                          <Link to={`/ledger/events/${found.cause}`}>the event</Link>
                        </>
                      ) : null}
                    </span>,
                  ],
                  ['Started', found.startedAt ? `${utc(found.startedAt, 'second')} UTC` : MISSING],
                  ['Ended', found.endedAt ? `${utc(found.endedAt, 'second')} UTC` : undefined],
                  ['Took', duration(tookMs(found))],
                  ...Object.entries(found.params ?? {}).map<[string, string]>(([key, value]) => [
                    key,
                    value === '' ? '(empty)' : brief(value),
                  ]),
                ]}
              />
            </Panel>
          </>
        )}
      </Loaded>
      <StepDrawer
        run={id}
        step={steps.find((item) => item.key === step)}
        jobs={pipeline.data?.definition.jobs}
        close={() => openStep('')}
      />
    </Page>
  );
}

function stepNote(steps: PipelineStep[]): string {
  const done = steps.filter((step) => ['succeeded', 'cached', 'skipped'].includes(step.state)).length;
  const cached = steps.filter((step) => step.state === 'cached').length;
  return `${done} of ${steps.length} done${cached > 0 ? `, ${cached} from the cache` : ''}`;
}

function RunActions({
  run,
  target,
  pipeline,
}: {
  run: PipelineRunDetail;
  target: string;
  pipeline: Pipeline | undefined;
}) {
  const [ask, setAsk] = useState(false);
  const cancel = useAct(() => api.post(`${target}/cancel`), {
    quiet: true,
    refresh: ['pipelines'],
    done: 'The run is being cancelled.',
  });
  const resume = useAct(() => api.post(`${target}/resume`), {
    refresh: ['pipelines'],
    done: 'The run goes on from its last finished step.',
  });
  const again = pipeline ? (
    <RunButton pipeline={pipeline} label="Run again" {...(run.params ? { from: run.params } : {})} />
  ) : null;
  if (!isOver(run)) {
    return (
      <>
        <Button color="red" variant="default" onClick={() => setAsk(true)}>
          Cancel
        </Button>
        <Confirm
          open={ask}
          close={() => setAsk(false)}
          title={`Cancel run ${run.id}`}
          verb="Cancel the run"
          danger
          run={() => cancel.mutateAsync()}
        >
          Running steps are stopped. What has finished stays, and the run can be resumed from there.
        </Confirm>
      </>
    );
  }
  return (
    <>
      {again}
      {run.state === 'succeeded' ? null : (
        <Button loading={resume.isPending} onClick={() => resume.mutate()}>
          Resume
        </Button>
      )}
    </>
  );
}

function StepsTable({
  steps,
  open,
  chosen,
}: {
  steps: PipelineStep[];
  open: (key: string) => void;
  chosen: string;
}) {
  return (
    <table className="plain-table">
      <thead>
        <tr>
          <th>State</th>
          <th>Step</th>
          <th className="right">Took</th>
          <th>Result</th>
          <th>Why it ran</th>
        </tr>
      </thead>
      <tbody>
        {steps.map((step) => (
          <tr
            key={step.key}
            onClick={() => open(step.key)}
            style={{ cursor: 'pointer', background: step.key === chosen ? 'var(--accent-soft)' : undefined }}
          >
            <td>
              <StateBadge state={step.state} bare />
            </td>
            <td className="nowrap">
              <button
                type="button"
                className="grid-sort name"
                style={{ color: 'var(--accent)', maxWidth: 180 }}
                title={`${step.key}: ${step.uses ?? 'run'}`}
                onClick={() => open(step.key)}
              >
                {step.key}
              </button>
              {step.attempt && step.attempt > 1 ? (
                <span className="tag" style={{ marginLeft: 6 }}>
                  attempt {step.attempt}
                </span>
              ) : null}
            </td>
            <td className="right">{step.state === 'cached' ? 'cached' : duration(tookMs(step))}</td>
            <td style={{ maxWidth: 0, width: '50%' }}>
              <div className="truncate" title={stepResult(step)}>
                {stepResult(step)}
              </div>
            </td>
            <td className="dim" style={{ maxWidth: 0, width: '22%' }}>
              <div className="truncate" title={(step.cache?.why ?? []).join('\n')}>
                {whyItRan(step)}
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
