import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

export type Search = Record<string, string | undefined>;

/** One filter that lives in the URL. The default is not written, so that plain links stay plain. */
export function useUrlState(key: string, fallback = ''): [string, (value: string) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const set = useCallback(
    (value: string) => {
      void navigate({
        to: '.',
        search: ((before: Search) => ({ ...before, [key]: value === fallback ? undefined : value })) as never,
        replace: true,
        resetScroll: false,
      });
    },
    [navigate, key, fallback],
  );
  return [search[key] ?? fallback, set];
}

/** Several filters at once; undefined removes one. */
export function useUrlPatch(): [Search, (patch: Search) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const patch = useCallback(
    (next: Search) => {
      void navigate({
        to: '.',
        search: ((before: Search) => ({ ...before, ...next })) as never,
        replace: true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [search, patch];
}
