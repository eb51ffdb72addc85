import { lazy, Suspense, useEffect, useState } from 'react';
import type { ApiError } from '../../../api/client.ts';
import type { Catalogue } from '../../../api/types.ts';

const FilterEditor = lazy(() =>
  import('./filter-editor.tsx').then((module) => ({ default: module.FilterEditor })),
);

export type FilterBoxProps = {
  experiment: string;
  value: string;
  catalogue: Catalogue | undefined;
  /** The server's answer to the filter when it cannot be read; its place is marked. */
  error: ApiError | null;
  apply: (filter: string) => void;
};

/** The filter language with completion; Enter applies it, and what cannot be read is marked where it stands. */
export function FilterBox(props: FilterBoxProps) {
  const [text, setText] = useState(props.value);
  useEffect(() => setText(props.value), [props.value]);
  const bad = props.error?.code === 'experiments.search.invalid' && text === props.value ? props.error : null;
  return (
    <div className="filter-box" data-bad={bad ? 'true' : undefined}>
      <Suspense fallback={<div className="filter-line faint">{props.value || 'Filter'}</div>}>
        <FilterEditor {...props} text={text} setText={setText} mark={placeOf(bad)} />
      </Suspense>
      {bad ? (
        <div className="filter-error" role="alert">
          {bad.message} <span className="dim">For example: metrics.auc &gt; 0.7 AND params.depth = '6'</span>
        </div>
      ) : null}
    </div>
  );
}

function placeOf(error: ApiError | null): [number, number] | null {
  const details = error?.details as { from?: unknown; to?: unknown } | undefined;
  return typeof details?.from === 'number' && typeof details.to === 'number'
    ? [details.from, details.to]
    : null;
}
