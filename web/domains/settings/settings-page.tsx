import { Button, SegmentedControl, useMantineColorScheme } from '@mantine/core';
import { api } from '../../api/client.ts';
import { useAct, useApi, useList } from '../../api/hooks.ts';
import type { DeadLetter, User } from '../../api/types.ts';
import { may, useMe } from '../../app/auth.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { ago, brief, utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { AddUser, UserActions } from './user-forms.tsx';
import { Webhooks } from './webhooks.tsx';

/** People, tokens, this server, and what its reactors could not do. */
export function SettingsPage() {
  const me = useMe();
  const version = useApi<{ version: string; node: string }>('/version');
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const leave = useAct(() => api.remove('/api/auth/session'), { after: () => window.location.reload() });
  const canManage = may(me.data, 'auth.manage');
  return (
    <Page title="Settings" api={{ path: '/api/auth/users', cli: 'houston users list' }}>
      <Panel
        title="You"
        span={6}
        actions={
          me.data?.login ? (
            <Button variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
              Sign out
            </Button>
          ) : undefined
        }
      >
        <Loaded query={me} rows={4}>
          {(found) => (
            <KeyValue
              items={[
                ['Name', found.id],
                ['Roles', found.roles.join(', ')],
                ['May', found.permissions.includes('*') ? 'do everything' : found.permissions.join(', ')],
                [
                  'Sign-in',
                  found.login ? 'asked of everybody' : 'not asked: the server listens on this machine only',
                ],
              ]}
            />
          )}
        </Loaded>
      </Panel>
      <Panel title="This server" span={6}>
        <KeyValue
          items={[
            ['Houston', version.data?.version],
            ['Node', version.data?.node],
            ['Address', window.location.origin],
            [
              'API',
              <a key="a" href="/docs" target="_blank" rel="noreferrer">
                browse at /docs
              </a>,
            ],
            [
              'Metrics',
              <a key="m" href="/metrics" target="_blank" rel="noreferrer">
                Prometheus at /metrics
              </a>,
            ],
            [
              'Colours',
              <SegmentedControl
                key="c"
                value={colorScheme}
                onChange={(value) => setColorScheme(value as 'light' | 'dark' | 'auto')}
                data={[
                  { value: 'auto', label: 'as the system' },
                  { value: 'light', label: 'light' },
                  { value: 'dark', label: 'dark' },
                ]}
              />,
            ],
          ]}
        />
      </Panel>
      <Users canManage={canManage} />
      {may(me.data, 'registry.write') ? <Webhooks /> : null}
      <DeadLetters />
    </Page>
  );
}

function Users({ canManage }: { canManage: boolean }) {
  const users = useList<User>('/api/auth/users');
  return (
    <Panel
      title="Users"
      note="a token is shown once, when it is made; the server keeps only its hash"
      flush
      actions={canManage ? <AddUser /> : undefined}
    >
      <Loaded query={users} rows={3}>
        {(list) =>
          list.items.length === 0 ? (
            <div className="dim" style={{ padding: 12 }}>
              Nobody yet: who reaches this server on its own machine may do everything. Add a user for a
              script, or before starting with <code>--auth</code>.
            </div>
          ) : (
            <table className="plain-table">
              <thead>
                <tr>
                  <th>User</th>
                  <th>Roles</th>
                  <th>Since</th>
                  <th />
                </tr>
              </thead>
              <tbody>
                {list.items.map((user) => (
                  <tr key={user.id}>
                    <td>
                      <b>{user.id}</b>
                    </td>
                    <td>
                      <span className="row wrap" style={{ gap: 4 }}>
                        {user.roles.map((role) => (
                          <span key={role} className="tag">
                            {role}
                          </span>
                        ))}
                      </span>
                    </td>
                    <td className="dim" title={`${utc(user.createdAt, 'second')} UTC`}>
                      {ago(user.createdAt)}
                    </td>
                    <td>{canManage ? <UserActions user={user} /> : null}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
    </Panel>
  );
}

function DeadLetters() {
  const letters = useList<DeadLetter>('/api/ledger/dead-letters');
  const replay = useAct(
    (letter: DeadLetter) =>
      api.post(`/api/ledger/dead-letters/${encodeURIComponent(letter.reactor)}/${letter.eventId}/replay`),
    {
      refresh: ['ledger'],
      done: 'Handed over once more.',
    },
  );
  const items = letters.data?.items ?? [];
  return (
    <Panel title="What the automation could not do" note="events that a reactor gave up on" flush>
      {items.length === 0 ? (
        <div className="dim" style={{ padding: 12 }}>
          Nothing: every event was handled.
        </div>
      ) : (
        <table className="plain-table">
          <thead>
            <tr>
              <th>Reactor</th>
              <th>Event</th>
              <th>Why</th>
              <th>When (UTC)</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {items.map((letter) => (
              <tr key={`${letter.reactor}:${letter.eventId}`}>
                <td>{letter.reactor}</td>
                <td>
                  <a href={`/ledger/events/${letter.eventId}`}>{letter.eventId}</a>
                </td>
                <td style={{ color: 'var(--bad)' }}>{brief(letter.error, 120)}</td>
                <td className="nowrap">{utc(letter.time, 'second')}</td>
                <td className="right">
                  <Button variant="default" onClick={() => replay.mutate(letter)}>
                    Try once more
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
