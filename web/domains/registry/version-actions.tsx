import { Button, Menu } from '@mantine/core';
import { IconChevronDown, IconDownload, IconGavel, IconTag, IconTagOff } from '@tabler/icons-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import type { GateVerdict, Model, ModelVersion } from '../../api/types.ts';
import { DeployButton } from '../serving/deploy-dialog.tsx';
import { AliasDialog, RemoveAlias } from './alias-dialog.tsx';

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
      <AliasDialog
        open={naming}
        close={() => setNaming(false)}
        model={version.model}
        known={model?.aliases ?? {}}
        versions={[version.version]}
      />
      <RemoveAlias alias={removing} model={version.model} close={() => setRemoving(null)} />
    </>
  );
}
