import { Button, Select, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, path } from '../../api/client.ts';
import { useApi, useList } from '../../api/hooks.ts';
import type { FeatureService, List, Model, ModelVersion, Rollout } from '../../api/types.ts';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { toast } from '../../ui/toast.tsx';

/** Deploys a version of a model: creates the deployment when there is none, else starts a rollout. */
export function DeployForm({ model: fixed, done }: { model?: string; done?: (deployment: string) => void }) {
  const client = useQueryClient();
  const models = useList<Model>('/api/registry/models');
  const services = useList<FeatureService>('/api/features/services');
  const [chosen, setChosen] = useState<string | null>(fixed ?? null);
  const model = chosen ?? models.data?.items[0]?.name ?? null;
  const versions = useApi<List<ModelVersion>>(path`/api/registry/models/${model ?? ''}/versions`, {
    enabled: model !== null,
  });
  const [reference, setReference] = useState<string>('latest');
  const [environment, setEnvironment] = useState('prod');
  const [name, setName] = useState('');
  const [features, setFeatures] = useState<string | null>('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const deployment = name.trim() || model || '';
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (!model) return;
    setBusy(true);
    setError(null);
    const wanted =
      reference === 'latest'
        ? model
        : reference.startsWith('@')
          ? `${model}${reference}`
          : `${model}:${reference}`;
    try {
      const target = path`/api/serving/deployments/${deployment}`;
      const exists = await api.get(target).then(
        () => true,
        (failure: unknown) => {
          if (failure instanceof ApiError && failure.status === 404) return false;
          throw failure;
        },
      );
      if (!exists) await api.put(target, { model: wanted, environment, ...(features ? { features } : {}) });
      const rollout = await api.post<Rollout>(`${target}/deploy`, { model: wanted });
      toast(
        rollout.state === 'promoted'
          ? `${deployment} answers at /v2/models/${deployment}/infer.`
          : `The rollout of ${wanted} to ${deployment} has started.`,
      );
      for (const domain of ['serving', 'registry', 'monitoring'])
        void client.invalidateQueries({ queryKey: [domain] });
      done?.(deployment);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const aliases = Object.keys(models.data?.items.find((item) => item.name === model)?.aliases ?? {});
  return (
    <form className="stack" onSubmit={(event) => void send(event)}>
      <div className="row" style={{ alignItems: 'flex-end' }}>
        <Select
          className="grow"
          label="Model"
          placeholder="Register one first"
          data={(models.data?.items ?? []).map((item) => item.name)}
          value={model}
          onChange={setChosen}
          disabled={fixed !== undefined}
          searchable
        />
        <Select
          label="Version"
          w={110}
          data={[
            'latest',
            ...aliases.map((alias) => `@${alias}`),
            ...(versions.data?.items ?? []).map((item) => String(item.version)),
          ]}
          value={reference}
          onChange={(value) => setReference(value ?? 'latest')}
        />
      </div>
      <div className="row" style={{ alignItems: 'flex-end' }}>
        <TextInput
          className="grow"
          label="Deployment"
          placeholder={model ?? 'named as the model'}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          pattern="[A-Za-z0-9][A-Za-z0-9._\-]{0,127}"
        />
        <Select
          label="Environment"
          w={92}
          data={['dev', 'test', 'prod']}
          value={environment}
          onChange={(value) => setEnvironment(value ?? 'prod')}
        />
      </div>
      <div className="row" style={{ alignItems: 'flex-end', justifyContent: 'flex-end' }}>
        {services.data && services.data.items.length > 0 ? (
          <Select
            label="Features"
            className="grow"
            data={[
              { value: '', label: 'none: inputs as sent' },
              ...services.data.items.map((item) => ({ value: item.name, label: item.name })),
            ]}
            value={features}
            onChange={setFeatures}
          />
        ) : null}
        <Button type="submit" disabled={!model} loading={busy}>
          Deploy
        </Button>
      </div>
      {error ? <ErrorPanel error={error} kept="What served before still serves." /> : null}
    </form>
  );
}
