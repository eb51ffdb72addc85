import { Button } from '@mantine/core';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { useAct, useList } from '../../api/hooks.ts';
import type { GateVerdict, ModelVersion } from '../../api/types.ts';
import { DataTable, timeValue } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { utc } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { verdictReason } from './check-words.ts';
import { GateBoard } from './gate-board.tsx';

/** The newest verdict as a board, or all of them with the chosen one's board. */
export function VerdictsView({
  version,
  target,
  newestOnly = false,
}: {
  version: ModelVersion;
  target: string;
  newestOnly?: boolean;
}) {
  const judge = useAct(() => api.post<GateVerdict>(`${target}/gate`), {
    refresh: ['registry'],
    done: (verdict) => `The gate says ${verdict.decision}.`,
  });
  if (!version.verdict) {
    return (
      <Panel>
        <Empty
          title="Nobody has judged this version yet"
          command={`npx houston models gate ${version.model} ${version.version}`}
          action={
            <Button loading={judge.isPending} onClick={() => judge.mutate()}>
              Run the gate now
            </Button>
          }
        >
          The gate opens the file, compares it with the champion and the baseline, and says go, hold or no-go.
          It runs by itself before a version replaces another one.
        </Empty>
      </Panel>
    );
  }
  return newestOnly ? (
    <GateBoard verdict={version.verdict} />
  ) : (
    <AllVerdicts version={version} target={target} />
  );
}

function AllVerdicts({ version, target }: { version: ModelVersion; target: string }) {
  const verdicts = useList<GateVerdict>(`${target}/verdicts`);
  const [chosen, choose] = useState<string | null>(null);
  return (
    <Loaded query={verdicts} rows={4}>
      {({ items }) => {
        const shown = items.find((verdict) => verdict.id === chosen) ?? items[0];
        return (
          <>
            <Panel title="Verdicts on these bytes" note="each one is final; a new run adds a line" flush>
              <DataTable
                name={`${version.model}-${version.version}-verdicts`}
                rows={items}
                rowKey={(verdict) => verdict.id}
                active={shown?.id}
                onOpen={(verdict) => choose(verdict.id)}
                bare
                columns={[
                  {
                    key: 'time',
                    title: 'Judged (UTC)',
                    value: (verdict) => timeValue(verdict.createdAt),
                    render: (verdict) => utc(verdict.createdAt, 'second'),
                    width: '172px',
                  },
                  {
                    key: 'decision',
                    title: 'Verdict',
                    value: (verdict) => verdict.decision,
                    render: (verdict) => <StateBadge state={verdict.decision} />,
                    width: '110px',
                  },
                  {
                    key: 'reason',
                    title: 'Reason',
                    value: verdictReason,
                    width: 'minmax(240px, 3fr)',
                  },
                  {
                    key: 'champion',
                    title: 'Against',
                    value: (verdict) => (verdict.champion ? `version ${verdict.champion.version}` : null),
                    width: '110px',
                  },
                  { key: 'actor', title: 'By', value: (verdict) => verdict.actor, width: '160px' },
                ]}
              />
            </Panel>
            {shown ? <GateBoard verdict={shown} /> : null}
          </>
        );
      }}
    </Loaded>
  );
}
