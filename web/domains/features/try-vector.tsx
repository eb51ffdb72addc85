import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import type { FeatureService, Json, Vectors } from '../../api/types.ts';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { group, plain } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { useUrlPatch } from '../../ui/url-state.ts';

const statusWords: Record<string, string> = {
  PRESENT: 'present',
  NOT_FOUND: 'nothing known yet',
  NULL_VALUE: 'no value',
  OUTSIDE_MAX_AGE: 'too old',
};

/** Asks the online store for the vector that a request would get. */
export function TryVector({ service }: { service: FeatureService }) {
  const fields = Object.entries(service.request);
  const [search, patch] = useUrlPatch();
  const [values, setValues] = useState<Record<string, string>>(() =>
    Object.fromEntries(fields.map(([key, type]) => [key, search[`in.${key}`] ?? start(type, service)])),
  );
  const ask = useAct(
    (inputs: Record<string, Json[]>) =>
      api.post<Vectors>(`${path`/api/features/services/${service.name}`}/vectors`, { inputs }),
    { quiet: true },
  );
  const send = (event: FormEvent) => {
    event.preventDefault();
    patch(Object.fromEntries(fields.map(([key]) => [`in.${key}`, values[key]])));
    ask.mutate(Object.fromEntries(fields.map(([key, type]) => [key, [parsed(values[key] ?? '', type)]])));
  };
  const [vector] = ask.data?.vectors ?? [];
  const [statuses] = ask.data?.statuses ?? [];
  return (
    <>
      <Panel title="Request" span={4}>
        <form className="stack" onSubmit={send}>
          {fields.map(([key, type]) => (
            <TextInput
              key={key}
              label={key}
              description={type === 'timestamp' ? 'timestamp, ISO in UTC' : type}
              value={values[key] ?? ''}
              onChange={(event) => setValues({ ...values, [key]: event.currentTarget.value })}
            />
          ))}
          <Button type="submit" loading={ask.isPending} mt={4}>
            Ask for the vector
          </Button>
        </form>
      </Panel>
      <Panel title="Vector" note="what the model would be given at that time" span={8} flush>
        {ask.error ? <ErrorPanel error={ask.error} /> : null}
        {ask.data && vector ? (
          <table className="plain-table">
            <thead>
              <tr>
                <th>Feature</th>
                <th className="right">Value</th>
                <th>State</th>
              </tr>
            </thead>
            <tbody>
              {ask.data.features.map((feature, at) => {
                const status = statuses?.[at] ?? '';
                return (
                  <tr key={feature}>
                    <td>{feature}</td>
                    <td className="right" title={group(vector[at])}>
                      {vector[at] === null || vector[at] === undefined ? 'NaN' : plain(vector[at], 5)}
                    </td>
                    <td>
                      {status ? (
                        <span className="row" style={{ gap: 6 }}>
                          <StateBadge
                            state={status === 'PRESENT' ? 'healthy' : 'no data'}
                            bare
                            word={statusWords[status] ?? status}
                          />
                        </span>
                      ) : null}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        ) : (
          <div className="dim" style={{ padding: 12 }}>
            Fill in a request and ask. The answer comes from the online store, exactly as a prediction would
            see it.
          </div>
        )}
      </Panel>
    </>
  );
}

function start(type: string, service: FeatureService): string {
  if (type === 'timestamp') return service.online.newest ?? new Date().toISOString();
  if (type === 'number') return '';
  if (type === 'boolean') return 'false';
  return '';
}

function parsed(text: string, type: string): Json {
  if (text.trim() === '') return null;
  if (type === 'number') return Number(text);
  if (type === 'boolean') return text === 'true';
  return text;
}
