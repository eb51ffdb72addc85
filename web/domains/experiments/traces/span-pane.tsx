import { CopyButton } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { path } from '../../../api/client.ts';
import { useApi } from '../../../api/hooks.ts';
import type { Json, Span } from '../../../api/types.ts';
import { CodeBlock } from '../../../ui/code-block.tsx';
import { CopyId } from '../../../ui/copy-id.tsx';
import { Loaded } from '../../../ui/feedback.tsx';
import { count, duration, significant } from '../../../ui/format.ts';
import { KeyValue } from '../../../ui/key-value.tsx';
import { StateBadge } from '../../../ui/state.tsx';
import { JsonView, LongText } from './json-view.tsx';
import { Messages, messagesOf } from './messages.tsx';
import { tracePath } from './traces-table.tsx';

type SpanPaneProps = { trace: string; span: string; startUs: number; selfUs: number | null };

/** What the chosen span holds; read when it is chosen. */
export function SpanPane({ trace, span, startUs, selfUs }: SpanPaneProps) {
  const found = useApi<Span>(path`/api/experiments/traces/${trace}/spans/${span}`, { keep: false });
  return (
    <Loaded query={found} rows={10}>
      {(shown) => <Content span={shown} startUs={startUs} selfUs={selfUs} />}
    </Loaded>
  );
}

function Content({ span, startUs, selfUs }: { span: Span; startUs: number; selfUs: number | null }) {
  const { 'mlflow.spanInputs': _in, 'mlflow.spanOutputs': _out, ...attributes } = span.attributes;
  const exceptions = span.events.filter(({ name }) => name === 'exception');
  const events = span.events.filter(({ name }) => name !== 'exception');
  const ms = span.endNs === null ? null : Number(BigInt(span.endNs) - BigInt(span.startNs)) / 1e6;
  const { inputTokens, outputTokens, totalTokens, totalCost } = span.usage;
  return (
    <div className="span-content">
      <div className="row wrap">
        <b className="span-title">{span.name}</b>
        <StateBadge
          state={span.status === 'ERROR' ? 'failed' : span.endNs === null ? 'running' : 'succeeded'}
        />
        {span.type === 'UNKNOWN' ? null : <span className="tag">{span.type}</span>}
      </div>
      {span.status === 'ERROR' && exceptions.length === 0 && span.statusMessage ? (
        <div className="span-failed">
          <LongText text={span.statusMessage} />
        </div>
      ) : null}
      {exceptions.map((event) => (
        <Exception key={event.timeNs} attributes={event.attributes} />
      ))}
      <KeyValue
        items={[
          ['Started', `${duration(startUs / 1000)} after the trace`],
          ['Took', ms === null ? 'goes on' : `${duration(ms)}, of which ${selfText(selfUs)}`],
          ['Model', span.model ?? undefined],
          [
            'Tokens',
            totalTokens === null
              ? undefined
              : `${count(totalTokens)}: ${count(inputTokens)} in, ${count(outputTokens)} out`,
          ],
          ['Cost', totalCost === null ? undefined : `$ ${significant(totalCost, 3)}`],
          ['Span id', <CopyId key="id" id={span.id} />],
        ]}
      />
      <Section title="Inputs" value={span.inputs} />
      <Section title="Outputs" value={span.outputs} />
      {Object.keys(attributes).length > 0 ? <Section title="Attributes" value={attributes} /> : null}
      {events.length > 0 ? (
        <Titled title="Events" copy={events as Json}>
          {events.map((event) => (
            <div key={`${event.timeNs} ${event.name}`} className="span-event">
              <span className="dim nowrap">
                +{duration(Number(BigInt(event.timeNs) - BigInt(span.startNs)) / 1e6)}
              </span>
              <div className="grow">
                <b>{event.name}</b>
                {Object.keys(event.attributes).length > 0 ? <JsonView value={event.attributes} /> : null}
              </div>
            </div>
          ))}
        </Titled>
      ) : null}
      {span.links.length > 0 ? (
        <Titled title="Links" copy={span.links as Json}>
          {span.links.map((link) => (
            <div key={`${link.trace} ${link.span}`} className="span-event">
              <Link to={tracePath(link.trace)} search={{ span: link.span } as never} className="truncate">
                {link.trace}
              </Link>
              {Object.keys(link.attributes).length > 0 ? <JsonView value={link.attributes} /> : null}
            </div>
          ))}
        </Titled>
      ) : null}
    </div>
  );
}

const selfText = (us: number | null) => (us === null ? 'some goes on' : `${duration(us / 1000)} in itself`);

function Section({ title, value }: { title: string; value: Json }) {
  const messages = messagesOf(value);
  return (
    <Titled title={title} copy={value}>
      {value === null ? (
        <span className="faint">none were recorded</span>
      ) : messages ? (
        <Messages messages={messages} />
      ) : (
        <JsonView value={value} />
      )}
    </Titled>
  );
}

function Titled({ title, copy, children }: { title: string; copy: Json; children: ReactNode }) {
  const text = typeof copy === 'string' ? copy : JSON.stringify(copy, null, 2);
  return (
    <section className="span-section">
      <div className="row">
        <h3>{title}</h3>
        <span className="grow" />
        {copy === null ? null : (
          <CopyButton value={text} timeout={1_200}>
            {({ copied, copy: act }) => (
              <button
                type="button"
                className="icon-btn"
                aria-label={`Copy ${title.toLowerCase()}`}
                onClick={act}
              >
                {copied ? <IconCheck size={13} /> : <IconCopy size={13} />}
              </button>
            )}
          </CopyButton>
        )}
      </div>
      {children}
    </section>
  );
}

const word = (value: Json | undefined) => (typeof value === 'string' ? value : '');

function Exception({ attributes }: { attributes: Record<string, Json> }) {
  const stack = word(attributes['exception.stacktrace']);
  return (
    <div className="span-failed">
      <b>{word(attributes['exception.type']) || 'Exception'}</b>{' '}
      <LongText text={word(attributes['exception.message']) || 'without a message'} />
      {stack ? <CodeBlock code={stack} maxHeight={260} /> : null}
    </div>
  );
}
