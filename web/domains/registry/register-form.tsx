import { Button, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, path } from '../../api/client.ts';
import type { ModelVersion } from '../../api/types.ts';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { FileDrop, UploadProgress } from '../../ui/file-drop.tsx';
import { toast } from '../../ui/toast.tsx';

/** Registers an ONNX file as the next version of a model; its signature and digest are read from the bytes. */
export function RegisterForm({
  name: fixed,
  done,
}: {
  name?: string;
  done?: (version: ModelVersion) => void;
}) {
  const client = useQueryClient();
  const [name, setName] = useState(fixed ?? '');
  const [file, setFile] = useState<File | null>(null);
  const [alias, setAlias] = useState('');
  const [share, setShare] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (!file) return;
    setError(null);
    setShare(0);
    try {
      const target = path`/api/registry/models/${name.trim()}/versions`;
      const query = { alias: alias.trim(), source: `web: ${file.name}` };
      const made = await api.upload<ModelVersion>(target, file, 'application/octet-stream', query, setShare);
      toast(`Registered ${name.trim()} version ${made.version}.`);
      void client.invalidateQueries({ queryKey: ['registry'] });
      setFile(null);
      done?.(made);
    } catch (failure) {
      setError(failure);
    } finally {
      setShare(null);
    }
  };
  const choose = (chosen: File | null) => {
    setFile(chosen);
    if (chosen && name === '')
      setName(chosen.name.replace(/\.onnx$/i, '').replaceAll(/[^A-Za-z0-9._-]+/g, '-'));
  };
  return (
    <form className="stack" onSubmit={(event) => void send(event)}>
      <FileDrop file={file} choose={choose} accept=".onnx" label="Choose or drop an ONNX file" />
      <TextInput
        label="Model"
        placeholder="late-flights"
        value={name}
        readOnly={fixed !== undefined}
        variant={fixed === undefined ? 'default' : 'filled'}
        onChange={(event) => setName(event.currentTarget.value)}
        pattern="[A-Za-z0-9][A-Za-z0-9._\-]{0,127}"
        required
        withAsterisk={false}
      />
      <div className="row" style={{ alignItems: 'flex-end' }}>
        <TextInput
          className="grow"
          label="Alias (optional)"
          placeholder="candidate"
          value={alias}
          onChange={(event) => setAlias(event.currentTarget.value)}
        />
        <Button type="submit" disabled={!file || name.trim() === ''} loading={share !== null}>
          Register
        </Button>
      </div>
      <UploadProgress share={share} />
      {error ? <ErrorPanel error={error} kept="Nothing was registered." /> : null}
    </form>
  );
}
