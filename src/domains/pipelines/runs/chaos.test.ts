import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createPostgresDatabase, describeOnEachDatabase } from '../../../../test/databases.ts';
import { openDatabase } from '../../../platform/db/open.ts';
import type { Json, JsonObject } from '../../../platform/json.ts';
import '../index.ts';

const server = fileURLToPath(new URL('../testing/chaos-server.ts', import.meta.url));
const kills = 15;

/** Steps that write down each time that they really begin, in series and side by side. */
function chaosPipeline(journal: string): { jobs: Record<string, JsonObject> } {
  const outputs = `"$(sed -n 's/.*"outputs": "\\(.*\\)",*/\\1/p' "$HOUSTON_STEP_MANIFEST")"`;
  const script = (name: string, seconds: number) =>
    `echo ${name} >> ${journal}; sleep ${seconds}; printf '{"outputs":{"name":"${name}"}}' > ${outputs}`;
  const jobs: Record<string, JsonObject> = {};
  let needs: Json = [];
  for (let stage = 0; stage < 5; stage++) {
    jobs[`left${stage}`] = { needs, run: script(`left${stage}`, 0.9) };
    jobs[`right${stage}`] = { needs, run: script(`right${stage}`, 0.5), cache: true };
    jobs[`join${stage}`] = {
      needs: [`left${stage}`, `right${stage}`],
      uses: 'test/effect',
      with: { seconds: 0.2 },
    };
    needs = [`join${stage}`];
  }
  return { jobs };
}

type Life = { child: ChildProcess; output: () => string; exit: Promise<unknown> };

function startServer(folder: string, database?: string): Life {
  const args = [server, folder, ...(database ? [database] : [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  const exit = new Promise((resolve) => child.once('exit', resolve));
  return { child, output: () => text, exit };
}

async function kill({ child, exit }: Life): Promise<void> {
  child.kill('SIGKILL');
  await exit;
}

/** Kills the one server again and again until the run has ended. */
async function killOneServer(folder: string): Promise<number> {
  let killed = 0;
  for (let lives = 0; lives < 60; lives++) {
    const life = startServer(folder);
    await Promise.race([delay(killed < kills ? 150 + Math.random() * 1100 : 60_000), life.exit]);
    if (life.child.exitCode !== null) {
      expect(life.output()).toContain('ended succeeded');
      return killed;
    }
    await kill(life);
    killed++;
  }
  throw new Error('The run did not end.');
}

/** Two servers share the work on one database; now one, now the other is killed and started again. */
async function killOneOfTwoServers(folder: string, database: string): Promise<number> {
  const first = startServer(folder, database);
  while (!first.output().includes('ready') && first.child.exitCode === null) await delay(20);
  const lives = [first, startServer(folder, database)];
  let killed = 0;
  for (let turn = 0; turn < 100; turn++) {
    await Promise.race([
      delay(killed < kills ? 150 + Math.random() * 900 : 60_000),
      ...lives.map((life) => life.exit),
    ]);
    const ended = lives.find((life) => life.child.exitCode !== null);
    if (ended) {
      expect(ended.output()).toContain('ended succeeded');
      await Promise.all(lives.map(kill));
      return killed;
    }
    const victim = Math.random() < 0.5 ? 0 : 1;
    await kill(lives[victim]);
    killed++;
    lives[victim] = startServer(folder, database);
  }
  throw new Error('The run did not end.');
}

async function verify(location: string, journal: string, jobs: string[]): Promise<void> {
  const { db } = openDatabase(location);
  try {
    const steps = await db.selectFrom('pipelines_steps').select(['key', 'state', 'attempt']).execute();
    expect(steps.map((step) => step.key).sort()).toEqual([...jobs].sort());
    expect(steps.filter((step) => step.state !== 'succeeded')).toEqual([]);
    // Begun once; only a start that a kill cut in two, before its process could be known, is tried again. What
    // counts is below: every step has its effect exactly once.
    const begun = readFileSync(journal, 'utf8').trim().split('\n');
    expect([...new Set(begun)].sort()).toEqual(jobs.filter((job) => !job.startsWith('join')).sort());
    for (const { key, attempt } of steps) {
      expect([key, begun.filter((line) => line === key).length <= attempt, attempt <= 2]).toEqual([
        key,
        true,
        true,
      ]);
    }
    const events = await db.selectFrom('ledger_events').select(['type', 'subject']).orderBy('seq').execute();
    const of = (type: string) => events.filter((event) => event.type === type).map((event) => event.subject);
    expect(new Set(of('pipelines.step.finished')).size).toBe(jobs.length);
    expect(of('pipelines.step.finished')).toHaveLength(jobs.length);
    expect(of('test.effect.made')).toHaveLength(5);
    expect(of('pipelines.run.started')).toHaveLength(1);
    expect(of('pipelines.run.succeeded')).toHaveLength(1);
    const open = await db
      .selectFrom('jobs')
      .select('id')
      .where('kind', '!=', 'pipelines.admit')
      .where('state', '!=', 'done')
      .execute();
    expect(open).toEqual([]);
  } finally {
    await db.destroy();
  }
}

describe('a server that is killed', () => {
  describeOnEachDatabase('finishes its run', (_open, dialect) => {
    it(`through ${kills} kills, each step begun and committed once`, { timeout: 600_000 }, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'houston-chaos-'));
      const database = dialect === 'postgres' ? await createPostgresDatabase() : null;
      const journal = join(folder, 'journal.txt');
      const pipeline = chaosPipeline(journal);
      writeFileSync(join(folder, 'pipeline.json'), JSON.stringify(pipeline));
      try {
        const killed = database
          ? await killOneOfTwoServers(folder, database.url)
          : await killOneServer(folder);
        await verify(database?.url ?? join(folder, 'houston.sqlite'), journal, Object.keys(pipeline.jobs));
        expect(killed).toBeGreaterThan(5);
      } finally {
        await database?.drop();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
});
