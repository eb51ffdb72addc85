import { Button, Checkbox } from '@mantine/core';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct, useApi } from '../../api/hooks.ts';
import type { Expectation } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { plural } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { argumentsOf, expectationWords } from './report-view.tsx';

const keyOf = (item: Expectation) => JSON.stringify([item.type, item.kwargs]);

/** Expectations that the newest version meets; a person chooses which become rules. */
export function Suggestions({ name, version, held }: { name: string; version: number; held: Expectation[] }) {
  const [asked, setAsked] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const target = path`/api/data/datasets/${name}`;
  const query = useApi<{ expectations: Expectation[] }>(`${target}/versions/${version}/suggestions`, {
    enabled: asked,
  });
  const known = new Set(held.map(keyOf));
  const offered = (query.data?.expectations ?? []).filter((item) => !known.has(keyOf(item)));
  const add = useAct(
    () => api.put(target, { expectations: [...held, ...offered.filter((item) => chosen.has(keyOf(item)))] }),
    {
      refresh: ['data'],
      done: 'From now on every batch is checked by them too.',
      after: () => setChosen(new Set()),
    },
  );
  const toggle = (key: string) => {
    const next = new Set(chosen);
    if (!next.delete(key)) next.add(key);
    setChosen(next);
  };
  return (
    <Panel
      title="Suggestions"
      note={`from the profile of version ${version}; you choose which become rules`}
      flush
      actions={
        asked ? (
          <Button
            size="compact-sm"
            disabled={chosen.size === 0}
            loading={add.isPending}
            onClick={() => add.mutate()}
          >
            Add {chosen.size === 0 ? 'the chosen' : plural(chosen.size, 'expectation')}
          </Button>
        ) : (
          <Button size="compact-sm" variant="default" onClick={() => setAsked(true)}>
            Suggest
          </Button>
        )
      }
    >
      {asked ? (
        <Loaded query={query} rows={6}>
          {() => (
            <table className="plain-table">
              <tbody>
                {offered.map((item) => (
                  <tr key={keyOf(item)}>
                    <td style={{ width: 20 }}>
                      <Checkbox
                        size="xs"
                        aria-label={item.description ?? item.type}
                        checked={chosen.has(keyOf(item))}
                        onChange={() => toggle(keyOf(item))}
                      />
                    </td>
                    <td>{String(item.kwargs.column ?? 'table')}</td>
                    <td>
                      {expectationWords(item.type)}{' '}
                      <span className="dim small">{argumentsOf(item.kwargs)}</span>
                    </td>
                    <td className="dim">{item.description}</td>
                    <td className="dim">{item.severity}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Loaded>
      ) : (
        <div className="dim" style={{ padding: 12 }}>
          Houston can read completeness, ranges, categories and means off this version and propose them, with
          room for the next batch.
        </div>
      )}
    </Panel>
  );
}
