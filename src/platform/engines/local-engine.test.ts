import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../../test/eventually.ts';
import { describeEngine } from './engine-contract.ts';
import { createLocalEngine } from './local-engine.ts';
import { livenessOf, startTimeFromStat, thisProcess } from './process-identity.ts';

const newFolder = () => mkdtempSync(join(tmpdir(), 'houston-engine-'));

describeEngine('local', async () => {
  const folder = newFolder();
  const open = () => createLocalEngine({ folder: join(folder, 'steps'), pollMs: 20 });
  return {
    engine: open(),
    reopen: open,
    shared: join(folder, 'shared'),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

describe('the local engine', () => {
  it('calls a task lost whose whole group was killed from outside', async () => {
    const folder = newFolder();
    const engine = createLocalEngine({ folder, pollMs: 20 });
    const task = {
      externalId: 'houston-lost',
      command: ['/bin/sh', '-c', 'sleep 30'],
      env: {},
      manifest: {},
    };
    await engine.submit(task);
    const pid = await eventually(() => {
      const [found] = readFileSync(join(folder, task.externalId, 'process'), 'utf8').split(' ');
      expect(Number(found)).toBeGreaterThan(1);
      return found;
    });
    process.kill(-Number(pid), 'SIGKILL');
    const signal = new AbortController().signal;
    expect(await engine.wait(task.externalId, { signal })).toEqual({ state: 'lost' });
    await engine.submit(task);
    expect(await engine.find(task.externalId)).toEqual({ state: 'lost' });
    rmSync(folder, { recursive: true, force: true });
  });

  it('does not take another process for its own when the number was given out again', async () => {
    const folder = newFolder();
    const engine = createLocalEngine({ folder, pollMs: 20 });
    const task = { externalId: 'houston-reused', command: ['/bin/true'], env: {}, manifest: {} };
    await engine.submit(task);
    await engine.wait(task.externalId, { signal: new AbortController().signal });
    rmSync(join(folder, task.externalId, 'exit.json'));
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(folder, task.externalId, 'process'), `${process.pid} ${thisProcess().machine}\n`);
    rmSync(join(folder, task.externalId, 'start'), { force: true });
    expect(await engine.find(task.externalId)).toEqual({ state: 'lost' });
    rmSync(folder, { recursive: true, force: true });
  });
});

describe('process identity', () => {
  it('tells the living from the dead and from the unknown', () => {
    const me = thisProcess();
    expect(livenessOf(me)).toBe('alive');
    expect(livenessOf({ ...me, startTime: '1' })).toBe('gone');
    expect(livenessOf({ ...me, machine: 'elsewhere' })).toBe('unknown');
  });

  it('reads a start time past odd command names', () => {
    const fields = Array.from({ length: 30 }, (_, index) => String(index + 3));
    expect(startTimeFromStat(`12 (a) b) S ${fields.slice(1).join(' ')}`)).toBe('22');
    expect(startTimeFromStat(`12 (x) Z ${fields.slice(1).join(' ')}`)).toBeNull();
  });
});
