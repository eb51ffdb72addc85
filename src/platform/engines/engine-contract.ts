import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Engine, EngineTask } from './engine.ts';

/** What the suite needs of an engine under test. */
export type EngineUnderTest = {
  engine: Engine;
  /** The same engine as another server would open it after a restart. */
  reopen(): Engine;
  /** A folder that the tasks can write to, and the test can read. */
  shared: string;
  close?(): Promise<void>;
};

let counter = 0;
const newExternalId = () => `houston-test-${process.pid}-${Date.now()}-${++counter}`;

const shell = (script: string, more: Partial<EngineTask> = {}): EngineTask => ({
  externalId: newExternalId(),
  command: ['/bin/sh', '-c', script],
  env: { PATH: process.env.PATH ?? '' },
  manifest: {},
  ...more,
});

const never = new AbortController().signal;

/** What every engine must do; run it for each implementation of the port. */
export function describeEngine(name: string, open: () => Promise<EngineUnderTest>): void {
  describe(`the engine ${name}`, () => {
    const using = (test: (given: EngineUnderTest) => Promise<void>) => async () => {
      const given = await open();
      try {
        await test(given);
      } finally {
        await given.close?.();
      }
    };

    it(
      'knows nothing of a task that was never submitted',
      using(async ({ engine }) => {
        expect(await engine.find(newExternalId())).toBeNull();
      }),
    );

    it(
      'runs a program with its environment and manifest, and tells its exit code',
      using(async ({ engine }) => {
        const script = 'cat "$HOUSTON_STEP_MANIFEST"; echo "[$COLOUR]"; echo bad >&2; exit 3';
        const task = shell(script, { manifest: { input: { x: 7 } } });
        await engine.submit({ ...task, env: { ...task.env, COLOUR: 'red' } });
        expect(await engine.wait(task.externalId, { signal: never })).toMatchObject({
          state: 'exited',
          exitCode: 3,
          signal: null,
        });
        const { text, next, size } = await engine.logs(task.externalId);
        expect(text).toContain('"x": 7');
        expect(text).toContain('[red]\nbad\n');
        expect(next).toBe(size);
      }),
    );

    it(
      'hands over what the program left behind',
      using(async ({ engine }) => {
        const program = `
          const fs = require('node:fs'), manifest = JSON.parse(fs.readFileSync(process.env.HOUSTON_STEP_MANIFEST));
          fs.writeFileSync(manifest.outputDir + '/model.bin', 'abc');
          fs.appendFileSync(manifest.progress, JSON.stringify({ progress: 0.5, note: 'half' }) + '\\n');
          setTimeout(() => fs.writeFileSync(manifest.outputs, JSON.stringify({ outputs: { rows: 3 } })), 600);`;
        const task = shell('', { command: [process.execPath, '-e', program] });
        await engine.submit(task);
        const seen: unknown[] = [];
        await engine.wait(task.externalId, { signal: never, progress: (state) => seen.push(state) });
        expect(seen).toEqual([{ fraction: 0.5, note: 'half' }]);
        const { outputs, outputDir } = await engine.collect(task.externalId);
        expect(outputs).toEqual({ outputs: { rows: 3 } });
        expect(readFileSync(join(outputDir, 'model.bin'), 'utf8')).toBe('abc');
        await engine.clean(task.externalId);
        expect(await engine.find(task.externalId)).toMatchObject({ state: 'exited', exitCode: 0 });
      }),
    );

    it(
      'runs an external id once, however often and from however many servers it is submitted',
      using(async ({ engine, reopen, shared }) => {
        mkdirSync(shared, { recursive: true });
        const journal = join(shared, 'journal');
        const task = shell(`echo begun >> ${journal}; sleep 0.3`);
        const others = [reopen(), reopen()];
        await Promise.all([engine, ...others].map((one) => one.submit(task)));
        await Promise.all([engine, ...others].map((one) => one.wait(task.externalId, { signal: never })));
        await engine.submit(task);
        await delay(200);
        expect(readFileSync(journal, 'utf8')).toBe('begun\n');
      }),
    );

    it(
      'is found again by another server, running and ended',
      using(async ({ engine, reopen }) => {
        const task = shell('sleep 0.5; exit 4');
        await engine.submit(task);
        await delay(100);
        const heir = reopen();
        expect(await heir.find(task.externalId)).toEqual({ state: 'running' });
        expect(await heir.wait(task.externalId, { signal: never })).toMatchObject({ exitCode: 4 });
        expect(await reopen().find(task.externalId)).toMatchObject({ state: 'exited', exitCode: 4 });
      }),
    );

    it(
      'stops a program gently, and by force with all its children when it will not',
      using(async ({ engine, reopen }) => {
        const gentle = shell('trap "echo bye; exit 9" TERM; sleep 30 & wait');
        await engine.submit(gentle);
        await delay(200);
        await engine.stop(gentle.externalId);
        expect(await engine.find(gentle.externalId)).toMatchObject({ state: 'exited' });
        expect((await engine.logs(gentle.externalId)).text).toContain('bye');

        const stubborn = shell('trap "" TERM; while true; do sleep 1; done');
        await engine.submit(stubborn);
        await delay(200);
        const begin = Date.now();
        await reopen().stop(stubborn.externalId, { graceMs: 200 });
        expect(Date.now() - begin).toBeLessThan(3000);
        expect(await engine.find(stubborn.externalId)).toMatchObject({
          state: 'exited',
          exitCode: 137,
          signal: 'SIGKILL',
        });
        await engine.stop(stubborn.externalId);
      }),
    );

    it(
      'stops waiting when told, and leaves the program alone',
      using(async ({ engine }) => {
        const task = shell('sleep 0.6');
        await engine.submit(task);
        const abort = new AbortController();
        setTimeout(() => abort.abort('shutdown'), 100);
        await expect(engine.wait(task.externalId, { signal: abort.signal })).rejects.toBe('shutdown');
        expect(await engine.find(task.externalId)).toEqual({ state: 'running' });
        await engine.wait(task.externalId, { signal: never });
      }),
    );

    it(
      'reads a log in parts, never within a character',
      using(async ({ engine }) => {
        const task = shell("printf 'äöü€😀end'");
        await engine.submit(task);
        await engine.wait(task.externalId, { signal: never });
        let text = '';
        for (let offset = 0, turns = 0; turns < 30; turns++) {
          const part = await engine.logs(task.externalId, { offset, limit: 5 });
          text += part.text;
          if (part.next === part.size) break;
          offset = part.next;
        }
        expect(text).toBe('äöü€😀end');
        expect(await engine.logs(task.externalId, { offset: 1e9 })).toMatchObject({ text: '' });
      }),
    );

    it(
      'refuses names that are paths',
      using(async ({ engine }) => {
        for (const externalId of ['../x', 'a/b', '', '.', '..']) {
          await expect(engine.submit(shell('true', { externalId }))).rejects.toThrow(/external id/);
        }
      }),
    );
  });
}
