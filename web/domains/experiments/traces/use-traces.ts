import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { type ApiError, api, path } from '../../../api/client.ts';
import type { List, TraceSummary } from '../../../api/types.ts';

const PAGE = 100;
type TracesPage = List<TraceSummary> & { next?: string };

export type TracesQuestion = { experiment: string; filter: string; orderBy: string };

/**
 * The traces that match, page by page, each page by the last row of the one before. While `live`, the newest page is
 * read again and again and laid over the others; when it no longer touches them, all are read anew.
 */
export function useTraces({ experiment, filter, orderBy }: TracesQuestion, live: boolean) {
  const client = useQueryClient();
  const target = path`/api/experiments/${experiment}/traces`;
  const query = { filter, orderBy, limit: PAGE };
  // Not under the domain's name: its events would read every page again.
  const key = ['traces', target, query];
  const pages = useInfiniteQuery<TracesPage, ApiError, { pages: TracesPage[] }, typeof key, string>({
    queryKey: key,
    queryFn: ({ signal, pageParam }) =>
      api.get<TracesPage>(target, { ...query, cursor: pageParam || undefined }, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const head = useQuery<TracesPage, ApiError>({
    queryKey: [...key, 'head'],
    queryFn: ({ signal }) => api.get<TracesPage>(target, query, signal),
    enabled: live && pages.isSuccess && !pages.isPlaceholderData,
    refetchInterval: 4_000,
    initialData: undefined,
    retry: false,
  });
  const rows = useMemo(() => {
    const known = (pages.data?.pages ?? []).flatMap((page) => page.items);
    const newest = live && !pages.isPlaceholderData ? (head.data?.items ?? []) : [];
    const ids = new Set(newest.map(({ id }) => id));
    return [...newest, ...known.filter(({ id }) => !ids.has(id))];
  }, [pages.data, pages.isPlaceholderData, head.data, live]);
  const isApart = apart(head.data, pages.data?.pages[0]);
  const again = () => client.invalidateQueries({ queryKey: ['traces', target] });
  const refetch = pages.refetch;
  useEffect(() => {
    if (isApart) void refetch();
  }, [isApart, refetch]);
  return { pages, rows, again };
}

/** Whether rows may lie between the newest page and those that were read before, or some of those are gone. */
function apart(head: TracesPage | undefined, first: TracesPage | undefined): boolean {
  if (!head || !first || first.items.length === 0) return false;
  const ids = new Set(head.items.map(({ id }) => id));
  return !first.items.some(({ id }) => ids.has(id));
}
