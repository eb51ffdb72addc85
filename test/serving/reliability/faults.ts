import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Cluster } from '../../private-cluster.ts';
import { hangingModel, harmless, hungryModel, leakingModel, nanModel } from '../faulty-models.ts';
import { logisticModel } from '../models.ts';
import { type Incident, patienceMs, type Server } from './server.ts';

export type Context = {
  server: Server;
  cluster: Cluster | string;
  disk: object | string;
  /** Folder of the prediction log. */
  logs: string;
  /** How long the database is stopped. */
  outageSeconds: number;
};
type Outcome = { ok: boolean; text: string } | 'skipped';
export type Fault = { name: string; run(context: Context): Promise<Outcome> };

/** Waits for an incident of one of the rules that opened since `since`. */
async function incidentOf(
  server: Server,
  rules: string | readonly string[],
  deployment: string | null,
  since: number,
  isSo: (incident: Incident) => boolean = () => true,
): Promise<Incident | undefined> {
  let found: Incident | undefined;
  await server.until(async () => {
    found = (await server.incidents()).find(
      (one) =>
        [rules].flat().includes(one.rule) &&
        one.deployment === deployment &&
        Date.parse(one.openedAt) >= since - 1000 &&
        isSo(one),
    );
    return found !== undefined;
  });
  return found;
}

/** False when it is gone already. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

const isOver = (incident: Incident) => incident.state === 'resolved';

/** A model that goes wrong until it is in quarantine, is answered for, and is released. */
async function untilQuarantined(
  { server }: Context,
  name: string,
  rules: string[],
  provoke: (turn: number) => Promise<unknown>,
): Promise<{ ok: boolean; text: string }> {
  const began = Date.now();
  let turns = 0;
  const isIn = async () =>
    (await server.must('GET', `/api/serving/quarantine?deployment=${name}&state=active`)).items[0];
  while (!(await isIn()) && Date.now() - began < patienceMs) await provoke(turns++);
  const held = await isIn();
  if (!held) return { ok: false, text: `no quarantine after ${turns} tries` };
  const reply = await server.infer(name, [0]);
  const opened = await incidentOf(server, rules, name, began);
  await server.must('POST', `/api/serving/quarantine/${held.revision}/release`, {
    reason: 'the run goes on',
  });
  const closed = await server.until(async () =>
    (await server.incidents()).filter((one) => one.deployment === name).every(isOver),
  );
  // Out of the way of the next round.
  await server.must('DELETE', `/api/serving/deployments/${name}`);
  return {
    ok: opened !== undefined && closed && reply.status === (held.answeredBy === 'nobody' ? 503 : 200),
    text: `quarantine after ${turns} tries and ${((Date.parse(held.since) - began) / 1000).toFixed(1)} s, answered by ${held.answeredBy} (${reply.status}); incident ${opened?.rule ?? 'missing'}, ${closed ? 'closed' : 'still open'} after release`,
  };
}

const constant = { constant: { probability: 0.5 } };

/** Deployments under steady load: in the server, in worker threads, in processes, each with two versions. */
export const healthy = [
  { name: 'inside', spec: { rollout: { strategy: 'immediate' } } },
  {
    name: 'threads',
    spec: {
      runtime: { placement: 'worker', workers: 2 },
      rollout: {
        strategy: 'canary',
        shadowRequests: 20,
        steps: [50],
        minimumRequests: 20,
        requireLabels: false,
      },
    },
  },
  {
    name: 'processes',
    spec: { runtime: { placement: 'process', workers: 2 }, rollout: { strategy: 'immediate' } },
  },
] as const;

export async function deployHealthy(server: Server): Promise<void> {
  for (const { name, spec } of healthy) {
    for (const bias of [0, 0.5]) await server.register(name, logisticModel({ weights: [1], bias }));
    await server.declare(name, spec);
    await server.deploy(name, `${name}:1`);
  }
}

async function deployFresh(server: Server, name: string, bytes: Uint8Array, spec: object): Promise<void> {
  await server.register(name, bytes);
  await server.declare(name, spec);
  await server.deploy(name, `${name}:1`);
}

export const faults: Fault[] = [
  {
    name: 'versions promoted and rolled back',
    async run({ server }) {
      for (let i = 0; i < 3; i++) {
        await server.deploy('inside', 'inside:2');
        await server.deploy('processes', 'processes:2');
        await wait(1000);
        for (const name of ['inside', 'processes'])
          await server.must('POST', `/api/serving/deployments/${name}/rollback`, { reason: 'the other way' });
        await wait(500);
      }
      const rollout = await server.deploy('threads', 'threads:2');
      const promoted = await server.until(
        async () => (await server.must('GET', `/api/serving/rollouts/${rollout.id}`)).state === 'promoted',
      );
      await server.must('POST', '/api/serving/deployments/threads/rollback', { reason: 'the other way' });
      return { ok: promoted, text: '6 at once and back, 1 through shadow and canary and back' };
    },
  },
  {
    name: 'limits and workers changed',
    async run({ server }) {
      for (const workers of [1, 3, 2]) {
        for (const [name, placement] of [
          ['threads', 'worker'],
          ['processes', 'process'],
        ]) {
          await server.declare(name, {
            runtime: { placement, workers },
            rollout: { strategy: 'immediate' },
            limits: { maxConcurrent: 4 * workers, maxQueue: 500 * workers, deadlineMs: 5000 * workers },
          });
          await server.deploy(name, `${name}:1`);
        }
        await wait(500);
      }
      return { ok: true, text: '6 deployments with other limits and numbers of workers' };
    },
  },
  {
    name: 'processes of a healthy model killed',
    async run({ server }) {
      const began = Date.now();
      const { champion } = await server.must('GET', '/api/serving/deployments/processes');
      const digest = champion.digest.replace('sha256:', '');
      const pids = server.modelProcesses(digest);
      for (const pid of pids) {
        if (kill(pid)) await wait(1500);
      }
      const opened = await incidentOf(server, 'model-crash', 'processes', began);
      const back = await server.until(async () => server.modelProcesses(digest).length >= 2);
      return {
        ok: pids.length > 0 && back && opened !== undefined,
        text: `${pids.length} killed and replaced; incident ${opened ? 'open, closes when it is quiet' : 'missing'}`,
      };
    },
  },
  {
    name: 'a model that hangs',
    async run(context) {
      const { server } = context;
      await deployFresh(server, 'hangs', hangingModel(), { runtime: { timeoutMs: 500 }, fallback: constant });
      return untilQuarantined(context, 'hangs', ['model-hang'], () => server.infer('hangs', [harmless + 1]));
    },
  },
  {
    name: 'a model that takes all memory',
    async run(context) {
      const { server } = context;
      await deployFresh(server, 'hungry', hungryModel(), { runtime: { memoryMb: 300 } });
      return untilQuarantined(context, 'hungry', ['model-memory', 'model-crash'], () =>
        server.infer('hungry', [harmless + 1]),
      );
    },
  },
  {
    name: 'a model that leaks',
    async run(context) {
      const { server } = context;
      const runtime = { placement: 'process', memoryMb: 240 };
      await deployFresh(server, 'leaks', leakingModel(), { runtime, fallback: constant });
      return untilQuarantined(context, 'leaks', ['model-memory', 'model-crash'], async (turn) => {
        await server.infer('leaks', new Array(200 + 200 * (turn % 12)).fill(0.5));
        await wait(150);
      });
    },
  },
  {
    name: 'a model whose process dies',
    async run(context) {
      const { server } = context;
      await deployFresh(server, 'dies', logisticModel({ weights: [1], burn: 500 }), {
        runtime: { placement: 'process', workers: 1 },
        fallback: constant,
      });
      const { digest } = (await server.must('GET', '/api/serving/deployments/dies')).champion;
      return untilQuarantined(context, 'dies', ['model-crash'], async () => {
        // It dies while it answers, however fast the machine is.
        let isAnswered = false;
        const asked = server.infer('dies', [1]).finally(() => {
          isAnswered = true;
        });
        while (!isAnswered) {
          await wait(20);
          for (const pid of server.modelProcesses(digest.replace('sha256:', ''))) kill(pid);
        }
        await asked;
        await wait(300);
      });
    },
  },
  {
    name: 'a model that gives no numbers',
    async run({ server }) {
      const began = Date.now();
      await deployFresh(server, 'nan', nanModel(), {});
      const timer = setInterval(() => void server.infer('nan', [-1]), 50);
      const opened = await incidentOf(server, 'invalid-outputs', 'nan', began);
      clearInterval(timer);
      const fine = setInterval(() => void server.infer('nan', [1]), 25);
      const closed = await incidentOf(server, 'invalid-outputs', 'nan', began, isOver);
      clearInterval(fine);
      await server.must('DELETE', '/api/serving/deployments/nan');
      return {
        ok: opened !== undefined && closed !== undefined,
        text: `incident ${opened ? 'opened' : 'missing'}, ${closed ? 'closed' : 'not closed'} when its scores were numbers`,
      };
    },
  },
  {
    name: 'a challenger that hangs',
    async run({ server }) {
      const began = Date.now();
      await deployFresh(server, 'challenged', logisticModel({ weights: [1] }), {
        runtime: { placement: 'auto', timeoutMs: 300 },
        rollout: { strategy: 'canary', shadowRequests: 1, minimumRequests: 10_000, requireLabels: false },
      });
      await server.register('challenged', hangingModel());
      const rollout = await server.deploy('challenged', 'challenged:2');
      const rolledBack = async () =>
        (await server.must('GET', `/api/serving/rollouts/${rollout.id}`)).state === 'rolled-back';
      let failed = 0;
      let asked = 0;
      while (!(await rolledBack()) && Date.now() - began < patienceMs) {
        asked++;
        if ((await server.infer('challenged', [harmless + 1])).status !== 200) failed++;
        await wait(50);
      }
      const isBack = await rolledBack();
      // Its processes may still be at work on what they were asked before, and go into quarantine for that.
      let wasHeld = false;
      const closed = await server.until(async () => {
        const path = '/api/serving/quarantine';
        for (const held of (await server.must('GET', `${path}?deployment=challenged&state=active`)).items) {
          wasHeld = true;
          await server.must('POST', `${path}/${held.revision}/release`, { reason: 'the run goes on' });
        }
        return (await server.incidents()).filter((one) => one.deployment === 'challenged').every(isOver);
      });
      await server.must('DELETE', '/api/serving/deployments/challenged');
      return {
        ok: isBack && failed === 0 && closed,
        text: `${isBack ? 'rolled back' : 'not rolled back'} after ${asked} requests, ${failed} of them failed${wasHeld ? '; released from quarantine' : ''}, ${closed ? 'no incident left open' : 'its incident still open'}`,
      };
    },
  },
  {
    name: 'the disk of the prediction log full',
    async run({ server, disk, logs }) {
      if (typeof disk === 'string') return 'skipped';
      const began = Date.now();
      const filler = join(logs, 'filler');
      for (let size = 64 * 1024 * 1024; size >= 512; size /= 2) {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
        } catch {
          // No room for so much: less is tried.
        }
      }
      const opened = await incidentOf(server, 'prediction-log', null, began);
      await wait(8000);
      rmSync(filler);
      const closed = await incidentOf(server, 'prediction-log', null, began, isOver);
      return {
        ok: opened !== undefined && closed !== undefined,
        text: `incident ${opened ? 'opened' : 'missing'}, ${closed ? 'closed' : 'not closed'} when there was room`,
      };
    },
  },
  {
    name: 'the database stopped',
    async run({ server, cluster, outageSeconds }) {
      if (typeof cluster === 'string') return 'skipped';
      const began = Date.now();
      cluster.stop();
      await wait(1000 * outageSeconds);
      cluster.start();
      const told = await incidentOf(server, 'database', null, began, isOver);
      // Everything that is written goes on where it was.
      const works = await server.until(async () => {
        await server.deploy('inside', 'inside:2');
        await server.must('POST', '/api/serving/deployments/inside/rollback', { reason: 'it works' });
        return true;
      });
      const letters = (await server.must('GET', '/api/ledger/dead-letters')).items?.length ?? 0;
      return {
        ok: told !== undefined && works && letters === 0,
        text: `for ${outageSeconds} s; incident ${told ? 'written when it was back' : 'missing'}; deploys ${works ? 'work' : 'do not work'}; ${letters} dead letters`,
      };
    },
  },
];
