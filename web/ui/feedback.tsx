// biome-ignore-all lint/suspicious/noArrayIndexKey: the bars of a skeleton have no identity
import { Button } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import { CodeBlock } from './code-block.tsx';

/** An empty place that teaches the one command or click that fills it. */
export function Empty({
  title,
  children,
  command,
  action,
}: {
  title: string;
  children?: ReactNode;
  command?: string;
  action?: ReactNode;
}) {
  return (
    <div className="empty">
      <h3>{title}</h3>
      {children ? <div className="dim">{children}</div> : null}
      {command ? <CodeBlock code={command} /> : null}
      {action ? <div className="row">{action}</div> : null}
    </div>
  );
}

/** What happened, what was kept, what to do next. */
export function ErrorPanel({ error, kept, retry }: { error: unknown; kept?: string; retry?: () => void }) {
  const known = error instanceof ApiError ? error : null;
  return (
    <div className="error" role="alert">
      <h3>
        {known?.message ?? (error instanceof Error ? error.message : 'Something went wrong in this page.')}
      </h3>
      {kept ? <div>{kept}</div> : null}
      {known?.next ? <div>{known.next}</div> : null}
      <div className="row" style={{ marginTop: 6 }}>
        {retry ? (
          <Button variant="default" onClick={retry}>
            Try again
          </Button>
        ) : null}
        {known ? <code className="dim">{known.code}</code> : null}
      </div>
    </div>
  );
}

/** Grey bars of the size of what will stand there. */
export function Skeleton({ height = 120, rows }: { height?: number; rows?: number }) {
  if (rows) {
    return (
      <div className="stack" aria-hidden="true" style={{ padding: 12 }}>
        {Array.from({ length: rows }, (_, at) => (
          <div
            key={at}
            className="skeleton"
            style={{ height: 14, width: `${92 - ((at * 13) % 40)}%`, margin: '5px 0' }}
          />
        ))}
      </div>
    );
  }
  return <div className="skeleton" aria-hidden="true" style={{ height }} />;
}

/** Renders a query's data; until then its skeleton, and on failure what to do. */
export function Loaded<T>({
  query,
  height,
  rows,
  children,
}: {
  query: UseQueryResult<T, ApiError>;
  height?: number;
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <ErrorPanel error={query.error} retry={() => void query.refetch()} />;
  return <Skeleton {...(height === undefined ? {} : { height })} {...(rows === undefined ? {} : { rows })} />;
}
