import {
  keepPreviousData,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { toast } from '../ui/toast.tsx';
import { type ApiError, api, type Query } from './client.ts';
import type { List } from './types.ts';

export type ApiOptions = { query?: Query; enabled?: boolean; every?: number; keep?: boolean };

/** The domain that a path belongs to: the first word after /api/, which is also the first word of its events. */
function domainOf(target: string): string {
  return target.split('/')[2]?.split('?')[0] ?? '';
}

/**
 * Reads one API path. Ledger events of the path's domain refresh it; `every` (ms) adds polling for
 * facts that do not go through the ledger (traffic, windows, progress).
 */
export function useApi<T>(target: string, options: ApiOptions = {}): UseQueryResult<T, ApiError> {
  return useQuery<T, ApiError>({
    queryKey: [domainOf(target), target, options.query ?? {}],
    queryFn: ({ signal }) => api.get<T>(target, options.query, signal),
    enabled: options.enabled ?? true,
    ...(options.every ? { refetchInterval: options.every } : {}),
    ...(options.keep === false ? {} : { placeholderData: keepPreviousData }),
  });
}

/** Reads a list path and unwraps `{ items }`. */
export function useList<T>(target: string, options: ApiOptions = {}): UseQueryResult<List<T>, ApiError> {
  return useApi<List<T>>(target, options);
}

/**
 * Runs an action of a person: shows what was done or why not, and refreshes the domains named.
 * The ledger stream refreshes too; naming them keeps the page right when the stream is down.
 */
export function useAct<Input = void, Output = unknown>(
  run: (input: Input) => Promise<Output>,
  options: {
    done?: string | ((output: Output, input: Input) => string);
    refresh?: string[];
    quiet?: boolean;
    after?: (output: Output, input: Input) => void;
  } = {},
) {
  const client = useQueryClient();
  return useMutation<Output, ApiError, Input>({
    mutationFn: run,
    onSuccess: (output, input) => {
      for (const domain of options.refresh ?? []) void client.invalidateQueries({ queryKey: [domain] });
      if (options.done)
        toast(typeof options.done === 'function' ? options.done(output, input) : options.done);
      options.after?.(output, input);
    },
    onError: (error) => {
      if (!options.quiet) toast(error.message, { bad: true, ...(error.next ? { note: error.next } : {}) });
    },
  });
}
