import { performance } from 'node:perf_hooks';
import { servingError } from '../serving.errors.ts';
import type { Fault, FaultKind, ModelHost, OpenHost } from './model-host.ts';
import { restartDelayMs } from './restart.model.ts';
import type { NamedTensor, TensorSpec } from './tensors.ts';

export type PoolOptions = {
  /** Threads or processes, each with its own copy of the model. */
  hosts: number;
  /** A run that takes longer is a hang. */
  timeoutMs: number;
  /** What a process may hold of the machine's memory; null: it is not looked at. */
  memoryBytes: number | null;
  onFault(fault: Fault): void;
};

/** Threads or processes that run one model; one that dies, hangs or grows too large is replaced. */
export type HostPool = {
  readonly inputs: TensorSpec[];
  readonly outputs: TensorSpec[];
  run(feeds: readonly NamedTensor[]): Promise<NamedTensor[]>;
  /** Waits for the runs under way, then ends all hosts. */
  close(): Promise<void>;
};

type Run = {
  feeds: readonly NamedTensor[];
  resolve(outputs: NamedTensor[]): void;
  reject(error: Error): void;
  /** Hosts that died while they ran it. */
  deaths: number;
};
type Member = {
  host: ModelHost;
  /** In the order in which the host answers: the first is the one that runs. */
  waiting: Map<number, Run>;
  headSince: number;
  /** Its successor is being started. */
  isLeaving: boolean;
  isEnding: boolean;
};

const lookMs = 100;
const calmMs = 60_000;
/** Far over its limit a process is ended at once; else when its successor is there. */
const hardFactor = 1.5;
/** Runs wait so long for a host to be started again; beyond, they are told. */
const patienceMs = 1000;
/** A run whose host died is run once more elsewhere: models keep no state between runs. */
const mostDeaths = 2;

/** Opens the hosts. @throws Error when the model does not load */
export async function openHostPool(open: OpenHost, options: PoolOptions): Promise<HostPool> {
  const { timeoutMs, memoryBytes, onFault } = options;
  /** Those that take runs, and those that still have some to answer. */
  const members = new Set<Member>();
  const alive = new Set<Member>();
  const stranded: Run[] = [];
  let next = 0;
  let runsBefore = 0;
  let restarts = 0;
  let startsAt = 0;
  let isClosing = false;
  let looking = false;
  let lookedAt = performance.now();

  const end = async (member: Member) => {
    alive.delete(member);
    if (member.isEnding) return;
    member.isEnding = true;
    await member.host.end();
  };
  const settle = (member: Member, id: number, act: (run: Run) => void) => {
    const run = member.waiting.get(id);
    member.waiting.delete(id);
    member.headSince = performance.now();
    if (run) act(run);
    if (!members.has(member) && member.waiting.size === 0) void end(member);
  };
  const give = (member: Member, run: Run) => {
    const id = next++;
    if (member.waiting.size === 0) member.headSince = performance.now();
    member.waiting.set(id, run);
    member.host.post(id, run.feeds);
  };
  const idlest = () => {
    let best: Member | undefined;
    for (const one of members) if (!best || one.waiting.size < best.waiting.size) best = one;
    return best;
  };
  const dispatch = () => {
    for (let member = idlest(); member && stranded.length > 0; member = idlest())
      give(member, stranded.shift() as Run);
  };
  const refuseStranded = () => {
    for (const run of stranded.splice(0)) run.reject(restarting());
  };
  const fault = (kind: FaultKind, detail: string) => {
    const before = runsBefore;
    runsBefore = 0;
    onFault({ kind, detail, runsBefore: before });
  };

  /** Takes a host out: who waits in it goes elsewhere, but for the first, which it ran. */
  const expel = (member: Member, first: (run: Run) => void) => {
    const tookRuns = members.delete(member);
    alive.delete(member);
    const [head, ...others] = member.waiting.values();
    member.waiting.clear();
    stranded.unshift(...others);
    if (head) first(head);
    if (isClosing) refuseStranded();
    // One that is leaving has a successor on its way.
    else if (tookRuns && !member.isLeaving) restart();
    dispatch();
  };
  const onceMore = (run: Run) => {
    if (++run.deaths < mostDeaths) stranded.unshift(run);
    else run.reject(servingError('serving.model.crashed', 'The model died on this request, twice.'));
  };
  const onGone = (member: Member, how: string) => {
    if (!alive.has(member)) return;
    const kind = member.waiting.size > 0 ? 'crash' : 'stopped';
    expel(member, onceMore);
    if (!isClosing) fault(kind, how);
  };
  const onHang = (member: Member) => {
    expel(member, (run) =>
      run.reject(servingError('serving.request.timeout', 'The model took longer than its time limit.')),
    );
    const { kill } = member.host;
    kill?.();
    const fate = kill ? 'its process was ended' : 'its thread cannot be ended and is left alone';
    fault('hang', `A run did not end within ${timeoutMs} ms; ${fate}.`);
  };
  const onMemory = (member: Member, bytes: number, limit: number) => {
    const isFirst = !member.isLeaving;
    if (bytes > hardFactor * limit) {
      expel(member, onceMore);
      member.host.kill?.();
    } else if (isFirst) {
      member.isLeaving = true;
      start().then(
        () => void leave(member),
        () => {
          member.isLeaving = false;
          if (!alive.has(member) && !isClosing) restart();
        },
      );
    }
    if (isFirst)
      fault('memory', `Its process holds ${megabytes(bytes)} MB; the limit is ${megabytes(limit)} MB.`);
  };
  const leave = async (member: Member) => {
    if (members.delete(member) && member.waiting.size === 0) await end(member);
  };

  const start = async () => {
    let member: Member | undefined;
    const host = await open({
      onReply: (id, reply) => {
        if (!member) return;
        runsBefore++;
        settle(member, id, (run) =>
          'error' in reply ? run.reject(new Error(reply.error)) : run.resolve(reply.outputs),
        );
      },
      onGone: (how) => member && onGone(member, how),
    });
    member = { host, waiting: new Map(), headSince: 0, isLeaving: false, isEnding: false };
    if (isClosing) return void (await host.end());
    members.add(member);
    alive.add(member);
    dispatch();
  };
  const restart = () => {
    // What has been well for a while starts anew.
    if (performance.now() - startsAt > calmMs) restarts = 0;
    const delayMs = restartDelayMs(restarts++);
    startsAt = performance.now() + delayMs;
    if (members.size === 0 && delayMs > patienceMs) refuseStranded();
    setTimeout(() => {
      if (isClosing) return;
      start().catch((error: Error) => {
        if (isClosing) return;
        fault('crash', `It could not be started again: ${error.message}`);
        restart();
      });
    }, delayMs).unref();
  };

  /** A look at every host: whether its run hangs, and what it holds. */
  const look = async () => {
    const now = performance.now();
    // When this process itself did not run, answers may wait to be read: the next look tells.
    const wasAsleep = now - lookedAt > 10 * lookMs;
    lookedAt = now;
    if (wasAsleep) return;
    for (const member of [...alive])
      if (member.waiting.size > 0 && now - member.headSince > timeoutMs) onHang(member);
    if (memoryBytes === null || looking) return;
    looking = true;
    for (const member of [...alive]) {
      const bytes = await member.host.residentBytes();
      if (bytes !== null && bytes > memoryBytes && alive.has(member)) onMemory(member, bytes, memoryBytes);
    }
    looking = false;
  };

  const first = await Promise.allSettled(Array.from({ length: options.hosts }, start));
  const failure = first.find((one) => one.status === 'rejected');
  if (failure) {
    await Promise.all([...members].map(end));
    throw failure.reason;
  }
  const [{ host }] = members;
  const timer = setInterval(() => void look(), Math.min(lookMs, Math.max(timeoutMs / 2, 5))).unref();

  return {
    inputs: host.inputs,
    outputs: host.outputs,
    run(feeds) {
      return new Promise((resolve, reject) => {
        const run: Run = { feeds, resolve, reject, deaths: 0 };
        const member = idlest();
        if (member) return give(member, run);
        if (isClosing || startsAt - performance.now() > patienceMs) return reject(restarting());
        stranded.push(run);
      });
    },
    async close() {
      isClosing = true;
      refuseStranded();
      const rest = [...alive];
      const idle = rest.map((member) => leave(member));
      // Those at work end after their last answer; one that hangs is given up.
      const deadline = performance.now() + timeoutMs + lookMs;
      while (rest.some((member) => member.waiting.size > 0) && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 10));
      clearInterval(timer);
      for (const { waiting, host: stuck } of rest) {
        if (waiting.size === 0) continue;
        stuck.kill?.();
        for (const run of waiting.values()) run.reject(restarting());
        waiting.clear();
      }
      await Promise.all(idle);
    },
  };
}

const restarting = () =>
  servingError('serving.model.restarting', 'The model has died and is being started again.');
const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024);
