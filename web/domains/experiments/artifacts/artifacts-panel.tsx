import { TextInput } from '@mantine/core';
import {
  IconChevronDown,
  IconChevronRight,
  IconFile,
  IconPhoto,
  IconSearch,
  IconTable,
} from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import type { Artifact, Related } from '../../../api/types.ts';
import { Empty } from '../../../ui/feedback.tsx';
import { bytes } from '../../../ui/format.ts';
import { Panel } from '../../../ui/panel.tsx';
import { useUrlState } from '../../../ui/url-state.ts';
import { type Folder, foldersOf, shownName, viewerOf } from './kinds.ts';
import './artifacts.css';
import { Viewer } from './viewer.tsx';

/** A file of a run, or of a logged model of it. */
export type FileRef = Artifact & { model?: string };

/** The files of a run and of its models, and the chosen one beside them. */
export function ArtifactsPanel({
  run,
  artifacts,
  models,
}: {
  run: string;
  artifacts: Artifact[];
  models: Related['models'];
}) {
  const [chosen, choose] = useUrlState('file');
  const [search, setSearch] = useState('');
  const files = useMemo(() => {
    const all = new Map<string, FileRef>(artifacts.map((file) => [file.path, file]));
    for (const model of models) {
      for (const file of model.files) {
        const name =
          models.filter((one) => one.name === model.name).length > 1
            ? `${model.name} ${model.id}`
            : model.name;
        all.set(`models: ${name}/${file.path}`, { ...file, model: model.id });
      }
    }
    return all;
  }, [artifacts, models]);
  const shown = [...files.keys()].filter((path) => path.toLowerCase().includes(search.toLowerCase()));
  const tree = foldersOf(shown);
  const file = files.get(chosen);
  const total = [...files.values()].reduce((sum, one) => sum + one.size, 0);
  if (files.size === 0) {
    return (
      <Panel>
        <Empty
          title="The run left no file"
          command={`mlflow.log_artifact("report.html")\nmlflow.log_table(frame, "rows.json")\nmlflow.log_figure(figure, "roc.png")`}
        >
          What a run logs as an artifact stands here: pictures, tables, texts, JSON and reports open in place.
        </Empty>
      </Panel>
    );
  }
  return (
    <Panel title="Artifacts" note={`${files.size} files, ${bytes(total)}`} flush>
      <div className="artifacts">
        <div className="artifacts-tree">
          {files.size > 8 ? (
            <TextInput
              placeholder="Search files"
              aria-label="Search files"
              leftSection={<IconSearch size={14} />}
              value={search}
              onChange={(event) => setSearch(event.currentTarget.value)}
              m={8}
            />
          ) : null}
          <Branch folder={tree} files={files} chosen={chosen} choose={choose} isOpen={search !== ''} />
        </div>
        <div className="artifacts-view">
          {file ? (
            <Viewer key={chosen} run={run} file={file} name={chosen} />
          ) : (
            <div className="dim" style={{ padding: 16 }}>
              Choose a file to see it here.
            </div>
          )}
        </div>
      </div>
    </Panel>
  );
}

type BranchProps = {
  folder: Folder;
  files: Map<string, FileRef>;
  chosen: string;
  choose: (path: string) => void;
  isOpen: boolean;
};

function Branch({ folder, ...rest }: BranchProps) {
  const { files, chosen, choose } = rest;
  return (
    <ul className="artifacts-list">
      {folder.folders.map((one) => (
        <FolderItem key={one.path} folder={one} {...rest} />
      ))}
      {folder.files.map((path) => (
        <li key={path}>
          <button
            type="button"
            className="artifacts-item"
            aria-current={path === chosen ? 'true' : undefined}
            onClick={() => choose(path)}
            title={path}
          >
            <FileIcon path={path} />
            <span className="truncate grow">{shownName(path)}</span>
            <span className="faint small">{bytes(files.get(path)?.size)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function FolderItem({ folder, ...rest }: BranchProps) {
  const [own, setOwn] = useState(
    () => rest.chosen.startsWith(`${folder.path}/`) || folder.path.split('/').length < 2,
  );
  const isOpen = own || rest.isOpen;
  const Mark = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <li>
      <button type="button" className="artifacts-item" aria-expanded={isOpen} onClick={() => setOwn(!own)}>
        <Mark size={13} />
        <span className="truncate grow">{folder.name}</span>
      </button>
      {isOpen ? <Branch folder={folder} {...rest} /> : null}
    </li>
  );
}

function FileIcon({ path }: { path: string }) {
  const kind = viewerOf(path);
  const Icon = kind === 'image' ? IconPhoto : kind === 'table' ? IconTable : IconFile;
  return <Icon size={14} stroke={1.5} style={{ flex: 'none' }} aria-hidden="true" />;
}
