import { Button, Select, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, path } from '../../api/client.ts';
import type { SuiteReport, UploadReply, Validation } from '../../api/types.ts';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { FileDrop, UploadProgress } from '../../ui/file-drop.tsx';
import { plural } from '../../ui/format.ts';
import { toast } from '../../ui/toast.tsx';
import { ReportView } from './report-view.tsx';

/** Sends a file as a new version. A refused batch shows its report and leaves nothing behind. */
export function UploadForm({ name: fixed, done }: { name?: string; done?: (name: string) => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(fixed ?? '');
  const [file, setFile] = useState<File | null>(null);
  const [mode, setMode] = useState<string>('append');
  const [share, setShare] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (!file) return;
    setError(null);
    setShare(0);
    try {
      const target = path`/api/data/datasets/${name.trim()}`;
      if (!fixed) await ensureDataset(target);
      const type = /\.csv$/i.test(file.name) ? 'text/csv' : 'application/vnd.apache.parquet';
      const made = await api.upload<UploadReply>(
        `${target}/versions`,
        file,
        type,
        { mode, source: `web: ${file.name}` },
        setShare,
      );
      toast(`${name.trim()} version ${made.version}: ${plural(made.rows, 'row')}.`);
      void client.invalidateQueries({ queryKey: ['data'] });
      setFile(null);
      done?.(name.trim());
    } catch (failure) {
      setError(failure);
    } finally {
      setShare(null);
    }
  };
  const report = reportOf(error);
  const choose = (chosen: File | null) => {
    setFile(chosen);
    if (chosen && name === '')
      setName(chosen.name.replace(/\.(csv|parquet)$/i, '').replaceAll(/[^A-Za-z0-9._-]+/g, '-'));
  };
  return (
    <form className="stack" onSubmit={(event) => void send(event)}>
      <FileDrop
        file={file}
        choose={choose}
        accept=".parquet,.csv"
        label="Choose or drop a Parquet or CSV file"
      />
      <div className="row" style={{ alignItems: 'flex-end' }}>
        <TextInput
          className="grow"
          label="Dataset"
          placeholder="flights"
          value={name}
          readOnly={fixed !== undefined}
          variant={fixed === undefined ? 'default' : 'filled'}
          onChange={(event) => setName(event.currentTarget.value)}
          pattern="[A-Za-z0-9][A-Za-z0-9._\-]{0,127}"
          required
        />
        <Select
          label="The file"
          w={190}
          data={[
            { value: 'append', label: 'adds to what is there' },
            { value: 'replace', label: 'replaces what is there' },
          ]}
          value={mode}
          onChange={(value) => setMode(value ?? 'append')}
        />
        <Button type="submit" loading={share !== null} disabled={!file || name.trim() === ''}>
          Upload
        </Button>
      </div>
      <UploadProgress share={share} />
      {error ? (
        <ErrorPanel error={error} kept="Nothing of the file was kept; the newest version is as it was." />
      ) : null}
      {report ? <ReportView report={report} /> : null}
    </form>
  );
}

async function ensureDataset(target: string): Promise<void> {
  try {
    await api.get(target);
  } catch (failure) {
    if (!(failure instanceof ApiError) || failure.status !== 404) throw failure;
    await api.put(target, {});
  }
}

/** The report that a refusal carries. */
export function reportOf(error: unknown): SuiteReport | null {
  if (!(error instanceof ApiError)) return null;
  const details = error.details as { report?: SuiteReport; validation?: Validation } | undefined;
  return details?.report ?? details?.validation?.report ?? null;
}
