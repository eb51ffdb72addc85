import { Button, Menu, Select, TextInput } from '@mantine/core';
import { IconChevronDown, IconDownload, IconGavel, IconTag, IconTagOff } from '@tabler/icons-react';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import type { GateVerdict, Model, ModelVersion } from '../../api/types.ts';
import { Confirm } from '../../ui/overlay.tsx';
import { DeployButton } from '../serving/deploy-dialog.tsx';

/** Deploy, judge, name and download a version. */
export function VersionActions({
  version,
  model,
  target,
}: {
  version: ModelVersion;
  model: Model | undefined;
  target: string;
}) {
  const [naming, setNaming] = useState(false);
  const [removing, setRemoving] = useState<string | null>(null);
  const judge = useAct(() => api.post<GateVerdict>(`${target}/gate`), {
    refresh: ['registry'],
    done: (verdict) => `The gate says ${verdict.decision}.`,
  });
  const download = `${target}/model`;
  return (
    <>
      <Menu position="bottom-end" width={210}>
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={14} />} loading={judge.isPending}>
            More
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconGavel size={14} />} onClick={() => judge.mutate()}>
            Run the gate
          </Menu.Item>
          <Menu.Item leftSection={<IconTag size={14} />} onClick={() => setNaming(true)}>
            Set an alias
          </Menu.Item>
          {version.aliases.map((alias) => (
            <Menu.Item
              key={alias}
              leftSection={<IconTagOff size={14} />}
              color="red"
              onClick={() => setRemoving(alias)}
            >
              Take @{alias} away
            </Menu.Item>
          ))}
          <Menu.Divider />
          {version.servable ? (
            <Menu.Item component="a" href={download} download leftSection={<IconDownload size={14} />}>
              ONNX file
            </Menu.Item>
          ) : null}
          {version.evaluation ? (
            <Menu.Item
              component="a"
              href={`${target}/evaluation`}
              download={`${version.model}-${version.version}-evaluation.json`}
              leftSection={<IconDownload size={14} />}
            >
              Evaluation (JSON)
            </Menu.Item>
          ) : null}
          {version.trainingProfile ? (
            <Menu.Item
              component="a"
              href={`${target}/profile`}
              download={`${version.model}-${version.version}-profile.json`}
              leftSection={<IconDownload size={14} />}
            >
              Training profile (JSON)
            </Menu.Item>
          ) : null}
        </Menu.Dropdown>
      </Menu>
      {version.servable ? <DeployButton model={version.model} version={version} /> : null}
      <AliasDialog open={naming} close={() => setNaming(false)} version={version} model={model} />
      <Confirm
        open={removing !== null}
        close={() => setRemoving(null)}
        title={`Take @${removing} away from version ${version.version}`}
        verb="Take it away"
        danger
        run={() => api.remove(path`/api/registry/models/${version.model}/aliases/${removing ?? ''}`)}
      >
        What refers to {version.model}@{removing} finds nothing until the alias is set again. The version
        itself stays, and what serves now keeps serving.
      </Confirm>
    </>
  );
}

function AliasDialog({
  open,
  close,
  version,
  model,
}: {
  open: boolean;
  close: () => void;
  version: ModelVersion;
  model: Model | undefined;
}) {
  const known = Object.keys(model?.aliases ?? {});
  const choices = [...new Set([...known, 'champion', 'candidate', 'baseline'])];
  const [alias, setAlias] = useState('candidate');
  const [own, setOwn] = useState('');
  const wanted = (alias === '' ? own : alias).trim();
  const before = model?.aliases[wanted];
  return (
    <Confirm
      open={open}
      close={close}
      title={`Set an alias on ${version.model} version ${version.version}`}
      verb={wanted ? `Set @${wanted}` : 'Set the alias'}
      run={() => {
        if (!wanted) return Promise.reject(new Error('Write the alias first.'));
        return api.put(path`/api/registry/models/${version.model}/aliases/${wanted}`, {
          version: version.version,
        });
      }}
    >
      <div className="stack">
        <Select
          label="Alias"
          data={[
            ...choices.map((one) => ({ value: one, label: `@${one}` })),
            { value: '', label: 'another…' },
          ]}
          value={alias}
          onChange={(value) => setAlias(value ?? '')}
        />
        {alias === '' ? (
          <TextInput
            label="Its name"
            value={own}
            onChange={(event) => setOwn(event.currentTarget.value)}
            pattern="[A-Za-z0-9_\-]{1,64}"
          />
        ) : null}
        <div className="dim">
          {before === version.version
            ? `@${wanted} points here already.`
            : before !== undefined
              ? `@${wanted} moves from version ${before} to version ${version.version}.`
              : wanted
                ? `@${wanted} is new.`
                : ''}{' '}
          An alias is a name: what serves now changes only with a deployment.
        </div>
      </div>
    </Confirm>
  );
}
