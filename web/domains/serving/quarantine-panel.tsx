import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import type { Deployment, Quarantine } from '../../api/types.ts';
import { CopyId } from '../../ui/copy-id.tsx';
import { ago, utc } from '../../ui/format.ts';
import { Confirm } from '../../ui/overlay.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { toast } from '../../ui/toast.tsx';
import { standInWords } from '../monitoring/monitor-words.ts';

const kinds: Record<string, string> = { crash: 'died', hang: 'hung', memory: 'too much memory' };

/** Revisions of a deployment that are not loaded any more: why, since when, who answers, and the way back. */
export function QuarantinePanel({ deployment }: { deployment: Deployment }) {
  return deployment.quarantine.map((one) => <Held key={one.id} deployment={deployment} quarantine={one} />);
}

function Held({ deployment, quarantine }: { deployment: Deployment; quarantine: Quarantine }) {
  const [asked, ask] = useState(false);
  const { model, version, revision, reason, since, answeredBy, faults } = quarantine;
  const isChampion = deployment.champion?.id === revision;
  return (
    <Panel
      title={`Version ${version} of ${model} is in quarantine`}
      note={`since ${utc(since, 'second')} UTC, ${ago(since)}`}
      actions={
        <Button variant="default" size="compact-sm" onClick={() => ask(true)}>
          Release
        </Button>
      }
    >
      <div className="stack">
        <div className="row wrap">
          <StateBadge state={answeredBy === 'nobody' ? 'failing' : 'degraded'} />
          <b>{reason}</b>
        </div>
        <div className="row wrap dim">
          <span>It is not loaded any more; {standInWords(answeredBy)}.</span>
          <Link to={path`/registry/${model}/${String(version)}`}>
            {model} version {version}
          </Link>
          <CopyId id={revision} />
        </div>
        <table className="plain-table">
          <thead>
            <tr>
              <th style={{ width: 190 }}>Time (UTC)</th>
              <th style={{ width: 140 }}>What</th>
              <th>Seen</th>
            </tr>
          </thead>
          <tbody>
            {faults.map((fault, at) => (
              <tr key={`${fault.time} ${String(at)}`}>
                <td>{utc(fault.time, 'second')}</td>
                <td>{kinds[fault.kind] ?? fault.kind}</td>
                <td>{fault.detail}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Confirm
        open={asked}
        close={() => ask(false)}
        title={`Release version ${version} of ${model} from quarantine`}
        verb="Release"
        danger
        reason="required"
        run={async (text) => {
          await api.post(path`/api/serving/quarantine/${revision}/release`, { reason: text });
          toast(`Version ${version} of ${model} may run again.`);
        }}
      >
        {isChampion
          ? `It is loaded at the next request to ${deployment.name} and answers again. `
          : `It may be deployed to ${deployment.name} again; nothing changes before. `}
        When it goes wrong as it did, it is back in quarantine after three more times.
      </Confirm>
    </Panel>
  );
}
