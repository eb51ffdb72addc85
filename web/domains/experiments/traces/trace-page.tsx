import { Button } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { path, withQuery } from '../../../api/client.ts';
import { useApi } from '../../../api/hooks.ts';
import type { Trace } from '../../../api/types.ts';
import { CopyId } from '../../../ui/copy-id.tsx';
import { Empty, Loaded } from '../../../ui/feedback.tsx';
import { ago, count, significant, utc } from '../../../ui/format.ts';
import { KeyValue } from '../../../ui/key-value.tsx';
import { Page } from '../../../ui/page.tsx';
import { Panel } from '../../../ui/panel.tsx';
import { Stat, Stats } from '../../../ui/stat.tsx';
import { StateBadge } from '../../../ui/state.tsx';
import { SubjectLink } from '../../../ui/subject.tsx';
import { AssessmentsPanel } from './assessments-panel.tsx';
import { DeleteTraces } from './delete-traces.tsx';
import { LongText } from './json-view.tsx';
import { SpansPanel } from './spans-panel.tsx';
import { TagsPanel } from './tags-panel.tsx';
import { stateOf, tookText } from './trace-words.ts';
import './traces.css';

/** One trace: what it took and cost, its spans on one timeline, and what was said of it. */
export function TracePage() {
  const { trace: id } = useParams({ strict: false }) as { trace: string };
  const target = path`/api/experiments/traces/${id}`;
  const trace = useApi<Trace>(target, { keep: false });
  const goesOn = trace.data?.state === 'IN_PROGRESS';
  useApi<Trace>(target, { every: 3_000, enabled: goesOn, keep: false });
  const found = trace.data;
  return (
    <Page
      of={trace}
      title={found?.name || id}
      crumbs={[
        { label: 'Experiments', to: '/experiments' },
        ...(found
          ? [
              { label: found.experiment, to: path`/experiments/${found.experiment}` },
              { label: 'Traces', to: path`/experiments/${found.experiment}/traces` },
            ]
          : []),
      ]}
      state={found ? <StateBadge state={stateOf(found.state)} /> : undefined}
      api={{ path: target }}
      actions={found ? <Actions trace={found} /> : undefined}
    >
      <Loaded query={trace} height={480}>
        {(shown) => <Content key={shown.id} trace={shown} />}
      </Loaded>
    </Page>
  );
}

function Actions({ trace }: { trace: Trace }) {
  const navigate = useNavigate();
  return (
    <>
      <Button
        component="a"
        variant="default"
        href={withQuery('/api/3.0/mlflow/traces/get', { trace_id: trace.id, allow_partial: true })}
        download={`${trace.id}.json`}
      >
        Download
      </Button>
      <DeleteTraces
        experiment={trace.experiment}
        ids={[trace.id]}
        name={trace.name || trace.id}
        after={() => void navigate({ to: path`/experiments/${trace.experiment}/traces` })}
      />
    </>
  );
}

function Content({ trace }: { trace: Trace }) {
  const { usage } = trace;
  return (
    <>
      <Panel>
        <Stats>
          <Stat label="Took" value={tookText(trace.durationMs)} />
          <Stat label="Started" value={ago(trace.startedAt)} note={`${utc(trace.startedAt, 'ms')} UTC`} />
          <Stat label="Spans" value={trace.columns.id.length} />
          <Stat
            label="Tokens"
            value={usage.totalTokens}
            {...(usage.totalTokens === null
              ? { note: 'none reported' }
              : { note: `${count(usage.inputTokens)} in, ${count(usage.outputTokens)} out` })}
          />
          <Stat
            label="Cost"
            value={usage.totalCost === null ? null : significant(usage.totalCost, 3)}
            unit="USD"
          />
        </Stats>
      </Panel>
      {trace.columns.id.length === 0 ? (
        <Panel>
          <Empty title="No span of this trace is here">
            Either none has arrived yet, or its client keeps them as an attachment of the trace; the download
            then says where.
          </Empty>
        </Panel>
      ) : (
        <SpansPanel trace={trace} />
      )}
      <AssessmentsPanel trace={trace} />
      <Panel title="About" span={5}>
        <KeyValue
          items={[
            ['Trace id', <CopyId key="id" id={trace.id} />],
            ['Run', trace.run ? <SubjectLink key="run" subject={`experiment-run:${trace.run}`} /> : null],
            ['Session', trace.session ?? undefined],
            ['User', trace.user ?? undefined],
            ['Client request', trace.clientRequestId ?? undefined],
            ['Request', trace.request ? <LongText key="in" text={trace.request} /> : null],
            ['Response', trace.response ? <LongText key="out" text={trace.response} /> : null],
          ]}
        />
      </Panel>
      <TagsPanel trace={trace} />
    </>
  );
}
