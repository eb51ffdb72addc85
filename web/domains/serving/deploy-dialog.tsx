import { Button, Modal, Select, TextInput } from '@mantine/core';
import { IconRocket } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useList } from '../../api/hooks.ts';
import type { Deployment, FeatureService, Model, ModelVersion, Rollout } from '../../api/types.ts';
import { Empty, ErrorPanel } from '../../ui/feedback.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { toast } from '../../ui/toast.tsx';
import { whatWillHappen } from './rollout-settings.ts';

const NEW = '';

/** Opens the dialog that deploys a model; says first what will happen. */
export function DeployButton({
  model,
  version,
  deployment,
}: {
  model?: string;
  version?: ModelVersion;
  deployment?: string;
}) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button leftSection={<IconRocket size={14} />} onClick={() => setOpen(true)}>
        Deploy
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        size="lg"
        title={
          deployment
            ? `Deploy to ${deployment}`
            : version
              ? `Deploy ${model} version ${version.version}`
              : `Deploy ${model ?? 'a model'}`
        }
      >
        {open ? (
          <DeployChoice
            {...(model ? { model } : {})}
            {...(version ? { version } : {})}
            {...(deployment ? { deployment } : {})}
            close={() => setOpen(false)}
          />
        ) : null}
      </Modal>
    </>
  );
}

function DeployChoice({
  model: fixedModel,
  version: fixedVersion,
  deployment: fixedDeployment,
  close,
}: {
  model?: string;
  version?: ModelVersion;
  deployment?: string;
  close: () => void;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const deployments = useList<Deployment>('/api/serving/deployments');
  const models = useList<Model>('/api/registry/models');
  const services = useList<FeatureService>('/api/features/services');
  const all = deployments.data?.items ?? [];
  const modelOf = (item: Deployment) => item.spec.model?.split(/[:@]/)[0] ?? item.champion?.model ?? '';
  const fixed = all.find((item) => item.name === fixedDeployment);
  const [model, setModel] = useState<string | null>(fixedModel ?? null);
  const chosenModel = model ?? (fixed ? modelOf(fixed) : (models.data?.items[0]?.name ?? ''));
  const fitting = all.filter((item) => modelOf(item) === chosenModel);
  const [target, setTarget] = useState<string | null>(fixedDeployment ?? null);
  const chosenTarget = target ?? fitting[0]?.name ?? NEW;
  const [name, setName] = useState('');
  const [environment, setEnvironment] = useState('prod');
  const [features, setFeatures] = useState('');
  const [reference, setReference] = useState<string | null>(
    fixedVersion ? String(fixedVersion.version) : null,
  );
  const versions = useList<ModelVersion>(path`/api/registry/models/${chosenModel}/versions`, {
    enabled: chosenModel !== '',
  });
  const list = versions.data?.items ?? [];
  const chosen = fixedVersion ?? list.find((item) => String(item.version) === reference) ?? list[0];
  const deployment = all.find((item) => item.name === chosenTarget);
  const targetName = chosenTarget === NEW ? name.trim() || chosenModel : chosenTarget;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const isServed =
    chosen !== undefined &&
    deployment?.champion?.model === chosen.model &&
    deployment.champion.version === chosen.version;
  const isRefused = chosen?.verdict?.decision === 'no-go';
  const wanted = chosen ? `version ${chosen.version} of ${chosen.model}` : 'The version';

  const send = async () => {
    if (!chosen) return;
    setBusy(true);
    setError(null);
    try {
      const page = path`/api/serving/deployments/${targetName}`;
      if (!all.some((item) => item.name === targetName))
        await api.put(page, {
          model: chosen.model,
          environment,
          ...(features ? { features } : {}),
        });
      const rollout = await api.post<Rollout>(`${page}/deploy`, {
        model: `${chosen.model}:${chosen.version}`,
      });
      toast(sentence(rollout, targetName, chosen.version));
      for (const domain of ['serving', 'registry', 'monitoring'])
        void client.invalidateQueries({ queryKey: [domain] });
      close();
      void navigate({ to: path`/serving/${targetName}` });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  if (models.data?.items.length === 0) {
    return (
      <Empty title="No model is registered yet" command="npx houston models register my-model model.onnx">
        Register one first, here under Models or with the command; then it can be deployed.
      </Empty>
    );
  }
  return (
    <div className="stack loose">
      {fixedVersion && fixedDeployment ? null : (
        <div className="row" style={{ alignItems: 'flex-end' }}>
          {fixedModel ? null : (
            <Select
              className="grow"
              label="Model"
              searchable
              data={(models.data?.items ?? []).map((item) => item.name)}
              value={chosenModel || null}
              onChange={(value) => {
                setModel(value);
                setReference(null);
                if (!fixedDeployment) setTarget(null);
              }}
            />
          )}
          {fixedVersion ? null : (
            <Select
              label="Version"
              w={210}
              data={list.map((item) => ({
                value: String(item.version),
                label: `${item.version}${item.aliases.length > 0 ? ` (@${item.aliases.join(', @')})` : ''}${item.verdict ? `: ${item.verdict.decision}` : ''}`,
              }))}
              value={chosen ? String(chosen.version) : null}
              onChange={setReference}
            />
          )}
          {fixedDeployment ? null : (
            <Select
              className="grow"
              label="To"
              data={[
                ...fitting.map((item) => ({
                  value: item.name,
                  label: `${item.name} (${item.environment})`,
                })),
                { value: NEW, label: 'a new deployment' },
              ]}
              value={chosenTarget}
              onChange={(value) => setTarget(value ?? NEW)}
            />
          )}
        </div>
      )}
      {chosenTarget === NEW ? (
        <div className="row" style={{ alignItems: 'flex-end' }}>
          <TextInput
            className="grow"
            label="Its name"
            placeholder={chosenModel}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            pattern="[A-Za-z0-9][A-Za-z0-9._\-]{0,127}"
          />
          <Select
            label="Environment"
            w={100}
            data={['dev', 'test', 'prod']}
            value={environment}
            onChange={(value) => setEnvironment(value ?? 'prod')}
          />
          <Select
            label="Features"
            w={190}
            data={[
              { value: '', label: 'none: inputs as sent' },
              ...(services.data?.items ?? []).map((item) => ({ value: item.name, label: item.name })),
            ]}
            value={features}
            onChange={(value) => setFeatures(value ?? '')}
          />
        </div>
      ) : null}
      {chosen?.verdict ? (
        <div className="row">
          <StateBadge state={chosen.verdict.decision} />
          <span className="dim">is what the gate says about version {chosen.version}.</span>
        </div>
      ) : null}
      <div>
        <div style={{ fontWeight: 600, marginBottom: 4 }}>What will happen</div>
        <ol style={{ margin: 0, paddingLeft: 20, lineHeight: '22px' }}>
          {(isServed
            ? [`${wanted[0]?.toUpperCase()}${wanted.slice(1)} is the champion here already: nothing changes.`]
            : isRefused
              ? ['Nothing: what its gate refuses does not get in. Its board says which checks fail and why.']
              : whatWillHappen(deployment, wanted)
          ).map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ol>
      </div>
      {error ? <ErrorPanel error={error} kept="What served before still serves." /> : null}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={close}>
          Keep as it is
        </Button>
        <Button
          loading={busy}
          disabled={!chosen || targetName === '' || isServed || isRefused}
          onClick={() => void send()}
        >
          {deployment?.environment === 'prod' || (!deployment && environment === 'prod')
            ? 'Deploy to production'
            : 'Deploy'}
        </Button>
      </div>
    </div>
  );
}

function sentence(rollout: Rollout, deployment: string, version: number): string {
  if (rollout.state === 'promoted') return `Version ${version} answers at /v2/models/${deployment}/infer.`;
  if (rollout.state === 'awaiting-approval') return `Version ${version} waits for an approval.`;
  return `The rollout of version ${version} to ${deployment} has started.`;
}
