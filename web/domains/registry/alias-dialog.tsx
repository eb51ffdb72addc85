import { Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import { Confirm } from '../../ui/overlay.tsx';

type AliasDialogProps = {
  open: boolean;
  close: () => void;
  model: string;
  /** Aliases of the model and where they point. */
  known: Record<string, number>;
  /** The version that gets the alias, or those to choose from. */
  versions: number[];
  /** Asked for nothing that serves: prompts have no champion. */
  suggestions?: string[];
};

/** Points an alias at a version after saying what that moves. */
export function AliasDialog({ open, close, model, known, versions, suggestions }: AliasDialogProps) {
  const choices = [
    ...new Set([...Object.keys(known), ...(suggestions ?? ['champion', 'candidate', 'baseline'])]),
  ];
  const [alias, setAlias] = useState(suggestions?.[0] ?? 'candidate');
  const [own, setOwn] = useState('');
  const [picked, setPicked] = useState<string | null>(null);
  const wanted = (alias === '' ? own : alias).trim();
  const version = Number(picked ?? versions[0] ?? 0);
  const before = known[wanted];
  const set = useAct(() => api.put(path`/api/registry/models/${model}/aliases/${wanted}`, { version }), {
    refresh: ['registry'],
    quiet: true,
    done: `@${wanted} points at version ${version}.`,
  });
  return (
    <Confirm
      open={open}
      close={close}
      title={
        versions.length === 1 ? `Set an alias on ${model} version ${version}` : `Set an alias of ${model}`
      }
      verb={wanted ? `Set @${wanted}` : 'Set the alias'}
      run={() => {
        if (!wanted) return Promise.reject(new Error('Write the alias first.'));
        return set.mutateAsync();
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
          allowDeselect={false}
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
        {versions.length > 1 ? (
          <Select
            label="Version"
            data={versions.map(String)}
            value={String(version)}
            allowDeselect={false}
            onChange={setPicked}
          />
        ) : null}
        <div className="dim">
          {before === version
            ? `@${wanted} points here already.`
            : before !== undefined
              ? `@${wanted} moves from version ${before} to version ${version}.`
              : wanted
                ? `@${wanted} is new.`
                : ''}{' '}
          {suggestions
            ? 'Programs that load the alias get this version from then on.'
            : 'An alias is a name: what serves now changes only with a deployment.'}
        </div>
      </div>
    </Confirm>
  );
}

/** Takes an alias away after asking. */
export function RemoveAlias({
  alias,
  model,
  close,
}: {
  alias: string | null;
  model: string;
  close: () => void;
}) {
  const remove = useAct(() => api.remove(path`/api/registry/models/${model}/aliases/${alias ?? ''}`), {
    refresh: ['registry'],
    quiet: true,
    done: `@${alias} is taken away.`,
  });
  return (
    <Confirm
      open={alias !== null}
      close={close}
      title={`Take @${alias} away from ${model}`}
      verb="Take it away"
      danger
      run={() => remove.mutateAsync()}
    >
      What refers to {model}@{alias} finds nothing until the alias is set again. The version itself stays, and
      what serves now keeps serving.
    </Confirm>
  );
}
