import { addLatency, createHistogram, type LatencyHistogram } from '../meter/latency-histogram.ts';
import { servingError } from '../serving.errors.ts';
import { type CallerRates, createCallerRates } from './caller-rates.ts';

/** What a deployment declares about its load; see `limitsOf` for what holds where nothing is declared. */
export type Limits = {
  /** Requests that run at once; further ones wait. Null: as many as the runner is good for. */
  maxConcurrent: number | null;
  /** Requests that may wait. */
  maxQueue: number;
  /** A request that would take longer, waiting included, is refused at once. Null: the time limit of a run. */
  deadlineMs: number | null;
  /** Requests of one caller in a second, over ten seconds. */
  callerPerSecond: number | null;
};

export const rejections = ['queue-full', 'deadline', 'expired', 'caller', 'server-full'] as const;
export type Rejection = (typeof rejections)[number];

/** Requests under way in all deployments of a process, and how many there may be. */
export type ServerLoad = { underWay: number; readonly most: number };

/** One request at the gate: plain numbers, so that nothing is made for it. */
export type Gate = {
  limits: Limits;
  readonly rejected: Record<Rejection, number>;
  /** Requests that had to wait for their turn, and for how long in all. */
  readonly waited: { count: number; ms: number };
  /** The same as a distribution; null while nobody had to wait. */
  waitTimes(): LatencyHistogram | null;
  /** Requests that wait now. */
  queued(): number;
  /** The most that waited at once since this was last asked. */
  takePeak(): number;
  /** Requests that run now. */
  running(): number;
  /** Usual time between two answers while there is work, in milliseconds. */
  drainMs(): number;
  /**
   * Lets a request in: undefined when it may run now, else a promise of its turn. Each request let in must `leave`.
   * `deadlineMs` is how long it may take from `start`; `isCallers` says whose deadline that is.
   * @throws serving.request.overloaded, serving.request.expired
   */
  enter(start: number, parallel: number, deadlineMs: number, isCallers: boolean): Promise<void> | undefined;
  /** `end` is when its answer was there; 0 when none was made. */
  leave(start: number, end: number): void;
  /** @throws serving.caller.limited */
  checkCaller(caller: string, now: number): void;
  /** Counts a refusal that something else than load has made. */
  refuse(reason: Rejection): void;
};

const defaults: Limits = { maxConcurrent: null, maxQueue: 1000, deadlineMs: null, callerPerSecond: null };
/** Weight of the newest answer in the usual time between two. */
const newest = 1 / 16;

/** The limits that hold for what is declared. */
export function limitsOf(declared: Partial<Limits> | undefined): Limits {
  return { ...defaults, ...declared };
}

type Waiting = { start: number; expires: number; isCallers: boolean; go(): void; stop(error: Error): void };

/** Requests over a limit cost no more than this: the errors are made once. */
const overloaded = (text: string) => servingError('serving.request.overloaded', text);
const queueFull = overloaded('More requests wait for this deployment than its limit allows.');
const tooLate = overloaded('The requests that wait for this deployment would take longer than its deadline.');
const serverFull = overloaded('This server has as many requests under way as it takes.');
const expired = servingError(
  'serving.request.expired',
  'The answer would come after the time that the caller gave this request.',
);

/** A gate in front of one deployment: how many requests run, how many wait, and who has waited too long to be run. */
export function createGate(server: ServerLoad, clock: () => number): Gate {
  const waiting: Waiting[] = [];
  const rejected = Object.fromEntries(rejections.map((reason) => [reason, 0])) as Record<Rejection, number>;
  const waited = { count: 0, ms: 0 };
  let waitTimes: LatencyHistogram | null = null;
  let rates: CallerRates | undefined;
  let running = 0;
  let places = 0;
  let peak = 0;
  let drainMs = 0;
  let lastEnd = 0;
  let sweepAt = Number.POSITIVE_INFINITY;

  const expireAt = ({ isCallers, stop }: Waiting) => {
    server.underWay--;
    rejected[isCallers ? 'expired' : 'deadline']++;
    stop(isCallers ? expired : tooLate);
  };
  /** Answers those whose time is over, also while a run that hangs keeps everybody waiting. */
  const sweep = () => {
    const now = clock();
    for (let i = waiting.length - 1; i >= 0; i--) {
      if (waiting[i].expires <= now) expireAt(waiting.splice(i, 1)[0]);
    }
    sweepAt = Number.POSITIVE_INFINITY;
    if (waiting.length > 0) sweepBy(soonest(waiting));
  };
  const sweepBy = (at: number) => {
    if (at >= sweepAt) return;
    sweepAt = at;
    setTimeout(sweep, at - clock() + 1).unref();
  };
  const startWaiting = (now: number) => {
    while (waiting.length > 0 && running < places) {
      const next = waiting.shift() as Waiting;
      if (next.expires <= now) {
        expireAt(next);
        continue;
      }
      running++;
      waited.count++;
      waited.ms += now - next.start;
      waitTimes ??= createHistogram();
      addLatency(waitTimes, now - next.start);
      next.go();
    }
  };

  const gate: Gate = {
    limits: defaults,
    rejected,
    waited,
    waitTimes: () => waitTimes,
    queued: () => waiting.length,
    takePeak() {
      const taken = peak;
      peak = waiting.length;
      return taken;
    },
    running: () => running,
    drainMs: () => drainMs,
    enter(start, parallel, deadlineMs, isCallers) {
      places = gate.limits.maxConcurrent ?? parallel;
      if (running > 0) {
        if ((running + waiting.length + 1) * drainMs > deadlineMs) {
          rejected[isCallers ? 'expired' : 'deadline']++;
          throw isCallers ? expired : tooLate;
        }
        if (server.underWay >= server.most) {
          rejected['server-full']++;
          throw serverFull;
        }
      } else if (isCallers && deadlineMs <= 0) {
        rejected.expired++;
        throw expired;
      }
      if (running < places && waiting.length === 0) {
        running++;
        server.underWay++;
        return undefined;
      }
      if (waiting.length >= gate.limits.maxQueue) {
        rejected['queue-full']++;
        throw queueFull;
      }
      server.underWay++;
      return new Promise<void>((go, stop) => {
        const expires = start + deadlineMs;
        waiting.push({ start, expires, isCallers, go, stop });
        if (waiting.length > peak) peak = waiting.length;
        sweepBy(expires);
      });
    },
    leave(start, end) {
      running--;
      server.underWay--;
      if (end > 0) {
        const took = end - (lastEnd > start ? lastEnd : start);
        drainMs += (took - drainMs) * (drainMs === 0 ? 1 : newest);
        lastEnd = end;
      }
      if (waiting.length > 0) startWaiting(clock());
    },
    checkCaller(caller, now) {
      const perSecond = gate.limits.callerPerSecond;
      if (perSecond === null) return;
      rates ??= createCallerRates();
      if (rates.take(caller, perSecond, now)) return;
      rejected.caller++;
      throw servingError('serving.caller.limited', 'This caller sends more requests than its limit allows.');
    },
    refuse: (reason) => void rejected[reason]++,
  };
  return gate;
}

const soonest = (waiting: readonly Waiting[]) =>
  waiting.reduce((at, one) => Math.min(at, one.expires), Number.POSITIVE_INFINITY);
