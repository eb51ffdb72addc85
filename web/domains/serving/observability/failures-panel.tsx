import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { path } from '../../../api/client.ts';
import { useList } from '../../../api/hooks.ts';
import type { FailureExample, FailureGroup } from '../../../api/types.ts';
import { Loaded } from '../../../ui/feedback.tsx';
import { count, utc } from '../../../ui/format.ts';
import { Panel } from '../../../ui/panel.tsx';
import '../serving.css';

/** Requests that failed or were refused since the start, by reason, with the newest of each. */
export function FailuresPanel({ deployment }: { deployment: string }) {
  const failures = useList<FailureGroup>(path`/api/serving/deployments/${deployment}/failures`, {
    every: 3_000,
  });
  const [open, setOpen] = useState<string | null>(null);
  return (
    <Loaded query={failures} height={120}>
      {({ items }) => {
        const chosen = items.find(({ code }) => code === open) ?? items[0];
        const rows = items.flatMap(({ examples, ...group }) => examples.map((one) => ({ ...group, ...one })));
        return (
          <Panel
            title="Errors"
            note="failed and refused requests since the start of this server, with the newest of each kind"
            data={{ name: `${deployment}-errors`, rows }}
          >
            {chosen ? (
              <div className="failures">
                <GroupTable items={items} chosen={chosen.code} choose={setOpen} />
                <Examples group={chosen} />
              </div>
            ) : (
              <span className="dim">
                No request has failed or was refused since the start of this server.
              </span>
            )}
          </Panel>
        );
      }}
    </Loaded>
  );
}

function GroupTable(props: { items: FailureGroup[]; chosen: string; choose: (code: string) => void }) {
  return (
    <table className="plain-table">
      <thead>
        <tr>
          <th>Kind</th>
          <th className="right">Status</th>
          <th className="right">Count</th>
          <th>First (UTC)</th>
          <th>Last (UTC)</th>
        </tr>
      </thead>
      <tbody>
        {props.items.map(({ code, status, count: times, first, last }) => (
          <tr key={code} className={code === props.chosen ? 'chosen' : undefined}>
            <td>
              <button type="button" className="link" onClick={() => props.choose(code)}>
                {wordsOf[code] ?? code}
              </button>
            </td>
            <td className="right">{status}</td>
            <td className="right" title={String(times)}>
              {count(times)}
            </td>
            <td className="nowrap">{utc(first, 'second').slice(5)}</td>
            <td className="nowrap">{utc(last, 'second').slice(5)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Examples({ group: { code, examples } }: { group: FailureGroup }) {
  return (
    <div className="stack">
      <div className="row">
        <b>{wordsOf[code] ?? code}</b>
        <code className="dim">{code}</code>
      </div>
      <ul className="failure-examples">
        {examples.map((one) => (
          <li key={`${one.time} ${one.id ?? one.trace ?? ''}`}>
            <Example example={one} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Example({ example: { time, id, message, door, trace } }: { example: FailureExample }) {
  return (
    <>
      <span className="dim nowrap">{utc(time, 'ms').slice(11)}</span>
      <span className="failure-message" title={message}>
        {message}
      </span>
      <span className="nowrap">
        {door ? <span className="tag">{door}</span> : null}{' '}
        {id ? <Link to={path`/serving/predictions/${id}`}>prediction</Link> : null}{' '}
        {trace ? <Link to={path`/experiments/traces/${trace}`}>trace</Link> : null}
      </span>
    </>
  );
}

/** What a code means to people; others stand for themselves. */
const wordsOf: Record<string, string> = {
  'answered-by-fallback': 'failed, another arm answered',
  'serving.request.invalid': 'does not fit the model',
  'serving.request.unreadable': 'cannot be read',
  'serving.request.failed': 'the model failed',
  'serving.request.timeout': 'the model took too long',
  'serving.request.overloaded': 'over a limit',
  'serving.request.expired': "past the caller's deadline",
  'serving.caller.limited': 'caller over its rate',
  'serving.deployment.not_ready': 'not ready',
  'serving.version.not_served': 'version is not served',
  'serving.upstream.failed': 'the upstream failed',
  'serving.upstream.resting': 'the upstream rests',
  'serving.upstream.refused': 'the upstream refused',
};
