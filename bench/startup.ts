// Start to healthy: the bundle beside the sources, with an empty data folder, and with a million ledger events.
// node bench/startup.ts [--events 1000000]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import canonicalize from 'canonicalize';
import { isCurrent } from '../bin/stamp.mjs';
import { processorTime } from './tracking/servers.ts';

const { values } = parseArgs({ options: { events: { type: 'string', default: '1000000' } } });
const root = join(import.meta.dirname, '..');
const launcher = [join(root, 'bin', 'houston.mjs')];
const sources = ['--disable-warning=ExperimentalWarning', join(root, 'src', 'cli', 'main.ts')];
const env = { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'houston') };

type Start = { wall: number; own: number; processor: number };

/** Milliseconds from spawn to the line that says healthy, what the server itself counted, and processor time. */
async function start(dataDir: string, program = launcher): Promise<Start> {
  const begin = performance.now();
  const flags = [
    'serve',
    '--json',
    '--port',
    '0',
    '--grpc-port',
    '0',
    '--data-dir',
    dataDir,
    '--log',
    'warn',
  ];
  const child = spawn(process.execPath, [...program, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const wall = performance.now() - begin;
  const processor = processorTime(child.pid!);
  child.kill('SIGTERM');
  await once(child, 'exit');
  return { wall, own: (JSON.parse(line) as { milliseconds: number }).milliseconds, processor };
}

/** The bundle beside the sources, in turns: medians of processor time until healthy, and their ratio. */
async function compare(dataDir: string): Promise<void> {
  if (!isCurrent(join(root, 'dist', 'server'), root)) {
    throw new Error('The bundle is missing or stale: "npm run build:server" first.');
  }
  const times: [number[], number[]] = [[], []];
  await start(dataDir, sources);
  for (let i = 0; i < 5; i++) {
    times[0].push((await start(dataDir)).processor);
    times[1].push((await start(dataDir, sources)).processor);
  }
  const [ours, theirs] = times.map(median);
  console.log(
    `processor time until healthy: bundle ${ours} ms, sources ${theirs} ms: ${(theirs! / ours!).toFixed(1)} ×, medians of 5`,
  );
}

function fill(dataDir: string, count: number): void {
  const db = new DatabaseSync(join(dataDir, 'houston.sqlite'));
  const last = db.prepare('select seq, hash from ledger_events order by seq desc limit 1').get() as
    | { seq: number; hash: string }
    | undefined;
  const insert = db.prepare('insert into ledger_events values (?,?,?,?,?,?,?,?,?,?,?)');
  let { seq, hash } = last ?? { seq: 0, hash: `sha256:${'0'.repeat(64)}` };
  db.exec('begin');
  for (let i = 0; i < count; i++) {
    seq++;
    const event = {
      seq,
      id: `evt_bench${seq}`,
      time: 1_000_000_000_000 + seq,
      type: `bench.thing${seq % 20}.made`,
      actor: 'system:bench',
      subject: `thing:${seq % 5000}`,
      data: { n: seq, text: 'a change of state as it usually looks' },
      uses: [],
      cause: null,
      prev: hash,
    };
    hash = `sha256:${createHash('sha256')
      .update(canonicalize(event) as string)
      .digest('hex')}`;
    insert.run(
      seq,
      event.id,
      event.time,
      event.type,
      event.actor,
      event.subject,
      JSON.stringify(event.data),
      '[]',
      null,
      event.prev,
      hash,
    );
  }
  db.exec('commit');
  db.close();
}

const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1]!;
const dataDir = mkdtempSync(join(tmpdir(), 'houston-bench-'));
try {
  await start(dataDir); // fills the compile cache and makes the schema
  await compare(dataDir);
  for (const events of [0, Number(values.events)]) {
    if (events > 0) fill(dataDir, events);
    const runs: Start[] = [];
    for (let i = 0; i < 5; i++) {
      if (events === 0) rmSync(dataDir, { recursive: true });
      runs.push(await start(dataDir));
    }
    const wall = median(runs.map((run) => run.wall));
    console.log(
      `${events.toLocaleString('en')} events: healthy ${Math.round(wall)} ms after the command (${Math.round(median(runs.map((run) => run.own)))} ms by the server's own clock), median of 5`,
    );
  }
  const node = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  console.log(`(an empty node process: ${Math.round(performance.now() - node)} ms)`);
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
