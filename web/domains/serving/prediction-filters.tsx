import { Button, Select, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { path } from '../../api/client.ts';
import { useList } from '../../api/hooks.ts';
import type { Deployment, Rollout } from '../../api/types.ts';
import { TimeRange, useTimeRange } from '../../ui/time-range.tsx';
import { useUrlPatch } from '../../ui/url-state.ts';

const keys = ['arm', 'v', 'failed', 'labelled', 'sampled', 'min', 'max', 'entity'] as const;

/** The filter of the request log as the server takes it, from the URL. */
export function usePredictionFilter(): { query: Record<string, string>; isSet: boolean } {
  const [search] = useUrlPatch();
  const range = useTimeRange();
  const names: Record<(typeof keys)[number], string> = {
    arm: 'arm',
    v: 'version',
    failed: 'failed',
    labelled: 'labelled',
    sampled: 'sampled',
    min: 'minScore',
    max: 'maxScore',
    entity: 'entity',
  };
  const query: Record<string, string> = { ...range.query };
  for (const key of keys) {
    const value = search[key];
    if (value !== undefined && value !== '') query[names[key]] = value;
  }
  return { query, isSet: Object.keys(query).length > 0 };
}

/** Controls of the request log; each lives in the URL, and the server searches. */
export function PredictionFilters({ deployment }: { deployment: Deployment }) {
  const [search, patch] = useUrlPatch();
  const { isSet } = usePredictionFilter();
  const rollouts = useList<Rollout>(path`/api/serving/deployments/${deployment.name}/rollouts`);
  const versions = new Set<number>();
  if (deployment.champion) versions.add(deployment.champion.version);
  for (const { champion, challenger } of rollouts.data?.items ?? [])
    for (const one of [champion, challenger]) if (one) versions.add(one.version);
  const choose = (key: string, label: string, width: number, data: { value: string; label: string }[]) => (
    <Select
      aria-label={label}
      placeholder={label}
      w={width}
      clearable
      data={data}
      value={search[key] ?? null}
      onChange={(value) => patch({ [key]: value ?? undefined })}
    />
  );
  const entity = (deployment.spec.entity as string[] | undefined)?.[0];
  return (
    <div className="row" style={{ flexWrap: 'wrap', padding: '8px 12px' }}>
      <TimeRange />
      {choose(
        'arm',
        'Any arm',
        120,
        ['champion', 'canary', 'fallback', 'pinned'].map((value) => ({ value, label: value })),
      )}
      {choose(
        'v',
        'Any version',
        116,
        [...versions]
          .sort((a, b) => b - a)
          .map((value) => ({ value: String(value), label: `version ${value}` })),
      )}
      {choose('failed', 'Failed or not', 124, [
        { value: 'true', label: 'failed' },
        { value: 'false', label: 'answered' },
      ])}
      {choose('labelled', 'Any outcome', 124, [
        { value: 'true', label: 'outcome known' },
        { value: 'false', label: 'waiting' },
      ])}
      {choose('sampled', 'Sampled or not', 132, [
        { value: 'true', label: 'sampled' },
        { value: 'false', label: 'not sampled' },
      ])}
      <Typed name="min" label="Score from" width={88} />
      <Typed name="max" label="Score to" width={88} />
      <Typed name="entity" label={`${entity ?? 'column'}=value`} width={140} needs="=" />
      {isSet ? (
        <Button
          variant="default"
          leftSection={<IconX size={14} />}
          onClick={() =>
            patch({
              ...Object.fromEntries(keys.map((key) => [key, undefined])),
              range: undefined,
              from: undefined,
              to: undefined,
            })
          }
        >
          Clear
        </Button>
      ) : null}
    </div>
  );
}

/** A text that is applied with Enter or on leaving the box. */
function Typed({
  name,
  label,
  width,
  needs = '',
}: {
  name: string;
  label: string;
  width: number;
  needs?: string;
}) {
  const [search, patch] = useUrlPatch();
  const value = search[name] ?? '';
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const isNumber = needs === '';
  const isRight = text === '' || (isNumber ? Number.isFinite(Number(text)) : /^[^=]+=.+$/.test(text));
  const apply = () => {
    if (isRight && text !== value) patch({ [name]: text || undefined });
  };
  return (
    <TextInput
      aria-label={label}
      placeholder={label}
      w={width}
      value={text}
      error={!isRight}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={apply}
      onKeyDown={(event) => {
        if (event.key === 'Enter') apply();
      }}
    />
  );
}
