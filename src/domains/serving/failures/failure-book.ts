import { HoustonError } from '../../../platform/errors.ts';
import type { RequestTrace } from '../../../platform/tracing/tracer.ts';

/** The doors by which requests come. */
export type Door = 'rest' | 'grpc' | 'mlflow' | 'kserve-v1';

export type FailureExample = {
  time: number;
  /** The prediction, when it is in the log. */
  id: string | null;
  message: string;
  door: Door | null;
  /** The trace, when the request was recorded in one. */
  trace: string | null;
};

/** All requests of a deployment that failed, or were refused, in one way since the start. */
export type FailureGroup = {
  code: string;
  status: number;
  count: number;
  first: number;
  last: number;
  /** The newest first. */
  examples: FailureExample[];
};

export type FailureBook = {
  /** Counts a request that was answered with an error. */
  note(deployment: string, error: unknown, door: Door, trace: RequestTrace | undefined): void;
  /** Counts a run that failed while another arm answered: its caller saw no error. */
  noteRescue(deployment: string, id: string, message: string): void;
  /** Newest group first. */
  list(deployment: string): FailureGroup[];
  drop(deployment: string): void;
};

/** Code of runs that failed without their caller seeing it. */
export const rescued = 'answered-by-fallback';
const unreadable = 'serving.request.unreadable';
const mostGroups = 40;
const mostExamples = 8;
const longestMessage = 400;

const ids = new WeakMap<object, string>();

/** Says which recorded prediction an error is about; the error goes on as it is. */
export function ofPrediction<E extends Error>(error: E, id: string): E {
  ids.set(error, id);
  return error;
}

type Group = FailureGroup & { at: number };

/** Counts failures by deployment and code, with the last few of each; a bounded part of memory. */
export function createFailureBook(now: () => number): FailureBook {
  const books = new Map<string, Map<string, Group>>();

  const add = (deployment: string, code: string, status: number, example: FailureExample) => {
    const groups = books.get(deployment) ?? new Map<string, Group>();
    books.set(deployment, groups);
    let group = groups.get(code);
    if (!group) {
      if (groups.size >= mostGroups) return;
      group = { code, status, count: 0, first: example.time, last: 0, examples: [], at: 0 };
      groups.set(code, group);
    }
    group.count++;
    group.last = example.time;
    group.examples[group.at] = example;
    group.at = (group.at + 1) % mostExamples;
  };
  return {
    note(deployment, error, door, trace) {
      const { code, status, message } = describe(error);
      const id = typeof error === 'object' && error !== null ? (ids.get(error) ?? null) : null;
      const at = trace?.span ? `tr-${trace.span.trace.id}` : null;
      add(deployment, code, status, {
        time: now(),
        id,
        message: message.slice(0, longestMessage),
        door,
        trace: at,
      });
    },
    noteRescue(deployment, id, message) {
      const text = message.slice(0, longestMessage);
      add(deployment, rescued, 200, { time: now(), id, message: text, door: null, trace: null });
    },
    list(deployment) {
      return [...(books.get(deployment)?.values() ?? [])]
        .map(({ at, examples, ...group }) => ({
          ...group,
          examples: [...examples.slice(at), ...examples.slice(0, at)].reverse(),
        }))
        .sort((a, b) => b.last - a.last);
    },
    drop: (deployment) => void books.delete(deployment),
  };
}

/** What a caller was told, without what it sent. */
function describe(error: unknown): { code: string; status: number; message: string } {
  if (error instanceof HoustonError) return error;
  const { status, statusCode, message } = error as { status?: number; statusCode?: number; message?: string };
  const told = status ?? statusCode ?? (error instanceof SyntaxError ? 400 : 500);
  if (told < 500) return { code: unreadable, status: told, message: message ?? 'The request is not valid.' };
  return { code: 'serving.request.failed', status: told, message: 'Something went wrong inside the server.' };
}
