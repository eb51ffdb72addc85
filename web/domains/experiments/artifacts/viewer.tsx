import { Button, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { type ApiError, api, path, withQuery } from '../../../api/client.ts';
import { CodeBlock } from '../../../ui/code-block.tsx';
import { Digest } from '../../../ui/copy-id.tsx';
import { ErrorPanel, Skeleton } from '../../../ui/feedback.tsx';
import { bytes } from '../../../ui/format.ts';
import { Markdown } from '../../../ui/markdown.tsx';
import type { FileRef } from './artifacts-panel.tsx';
import { imageType, parseDelimited, tableOfJson, type ViewerKind, viewerOf } from './kinds.ts';
import { TableView } from './table-view.tsx';

/** More of a file is not shown; the whole can always be downloaded. */
const MOST: Record<Exclude<ViewerKind, 'binary'>, number> = {
  image: 20_000_000,
  json: 2_000_000,
  table: 5_000_000,
  html: 5_000_000,
  markdown: 500_000,
  text: 500_000,
};

/** One file as what it is. Nothing in it runs: it is text, a picture, or a page in a closed frame. */
export function Viewer({ run, file, name }: { run: string; file: FileRef; name: string }) {
  const kind = viewerOf(file.path);
  const target = path`/api/experiments/runs/${run}/artifact`;
  const query = { path: file.path, model: file.model };
  return (
    <>
      <div className="artifacts-head">
        <b className="truncate" title={name}>
          {name}
        </b>
        <span className="dim small nowrap">{bytes(file.size)}</span>
        <Digest digest={file.digest} />
        <span className="grow" />
        <Button
          component="a"
          variant="default"
          href={withQuery(target, query)}
          download={file.path.split('/').at(-1)}
        >
          Download
        </Button>
      </div>
      {kind === 'binary' ? (
        <div className="dim" style={{ padding: 16 }}>
          This file has no view; download it.
        </div>
      ) : (
        <Content target={target} query={query} file={file} kind={kind} />
      )}
    </>
  );
}

type ContentProps = {
  target: string;
  query: { path: string; model: string | undefined };
  file: FileRef;
  kind: Exclude<ViewerKind, 'binary'>;
};

function Content({ target, query, file, kind }: ContentProps) {
  const most = MOST[kind];
  const isCut = file.size > most;
  const content = useQuery<Blob, ApiError>({
    // The digest is the content: it never changes.
    queryKey: ['artifact', file.digest, kind],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) =>
      (await api.raw(target, { ...query, ...(isCut && { first: most }) }, signal)).blob(),
    enabled: !(kind === 'image' && isCut),
  });
  if (kind === 'image' && isCut) {
    return <Cut>This picture is larger than {bytes(most)}: download it to see it.</Cut>;
  }
  if (content.isError) return <ErrorPanel error={content.error} retry={() => void content.refetch()} />;
  if (!content.data) return <Skeleton height={240} />;
  return (
    <>
      {isCut ? (
        <Cut>
          Only the first {bytes(most)} of {bytes(file.size)} are shown.
        </Cut>
      ) : null}
      {kind === 'image' ? (
        <Picture blob={content.data} path={file.path} />
      ) : (
        <Text blob={content.data} kind={kind} path={file.path} isCut={isCut} />
      )}
    </>
  );
}

function Cut({ children }: { children: ReactNode }) {
  return (
    <div className="artifacts-note" role="status">
      {children}
    </div>
  );
}

/** An image element runs no script, not even of an SVG. */
function Picture({ blob, path: name }: { blob: Blob; path: string }) {
  const [url, setUrl] = useState('');
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([blob], { type: imageType(name) }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob, name]);
  if (failed) return <Cut>The browser cannot read this picture.</Cut>;
  return (
    <div className="artifacts-picture">
      {url ? <img src={url} alt={name} onError={() => setFailed(true)} /> : null}
    </div>
  );
}

type TextProps = {
  blob: Blob;
  kind: 'json' | 'table' | 'html' | 'markdown' | 'text';
  path: string;
  isCut: boolean;
};

function Text({ blob, kind, path: name, isCut }: TextProps) {
  const [text, setText] = useState<string | null>(null);
  useEffect(() => {
    void blob.text().then(setText);
  }, [blob]);
  if (text === null) return <Skeleton height={240} />;
  if (text.includes('\u0000')) return <Cut>This file is not text; download it.</Cut>;
  if (kind === 'html') return <Html text={text} />;
  if (kind === 'markdown') return <PageOrSource page={<Page text={text} />} source={text} />;
  if (kind === 'table') {
    const rows = parseDelimited(text, name.toLowerCase().endsWith('.tsv') ? '\t' : ',', isCut);
    return <TableView name={name} rows={rows} />;
  }
  if (kind === 'json') return <Json text={text} name={name} isCut={isCut} />;
  return <Plain text={text} />;
}

function Plain({ text }: { text: string }) {
  return (
    <div style={{ padding: 12 }}>
      <CodeBlock code={text} maxHeight={640} />
    </div>
  );
}

function Json({ text, name, isCut }: { text: string; name: string; isCut: boolean }) {
  const value = isCut ? undefined : parsed(text);
  const table = tableOfJson(value);
  if (table) return <TableView name={name} rows={table} />;
  return <Plain text={value === undefined ? text : JSON.stringify(value, null, 2)} />;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a report may do in its frame: show its own text, styles and pictures, and nothing else. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:";

/** A page in a frame without scripts, forms, links out or an origin; its source on demand. */
function Html({ text }: { text: string }) {
  const frame = (
    <iframe
      className="artifacts-frame"
      title="The report, without scripts"
      sandbox=""
      referrerPolicy="no-referrer"
      srcDoc={`<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}">${text}`}
    />
  );
  return (
    <PageOrSource
      note="Scripts do not run here. Download the file to open it whole."
      page={frame}
      source={text}
    />
  );
}

function Page({ text }: { text: string }) {
  return (
    <div style={{ padding: 12 }}>
      <Markdown text={text} />
    </div>
  );
}

type PageOrSourceProps = { note?: string; page: ReactNode; source: string };

function PageOrSource({ note, page, source }: PageOrSourceProps) {
  const [view, setView] = useState('page');
  return (
    <>
      <div className="artifacts-note row">
        <span className="grow">{note}</span>
        <SegmentedControl
          aria-label="Show"
          data={[
            { value: 'page', label: 'Page' },
            { value: 'source', label: 'Source' },
          ]}
          value={view}
          onChange={setView}
        />
      </div>
      {view === 'source' ? <Plain text={source} /> : page}
    </>
  );
}
