import { expect, test } from 'vitest';
import { createExplanationDesk } from './explanation-desk.ts';

/** Work that ends when told to. */
function heldWork() {
  let end: (value: string) => void = () => {};
  let fail: (error: Error) => void = () => {};
  let runs = 0;
  const result = new Promise<string>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  const work = (progress: { done: number; total: number }) => {
    runs++;
    Object.assign(progress, { done: 3, total: 10 });
    return result;
  };
  return { work, end: (value: string) => end(value), fail: (error: Error) => fail(error), runs: () => runs };
}

const never = () => Promise.reject(new Error('This was kept already.'));

test('says how far it is, gives the result to all who ask, and keeps it', async () => {
  const desk = createExplanationDesk<string>();
  const held = heldWork();
  expect(await desk.ask('a', 1, held.work)).toEqual({ state: 'running', waiting: 0, done: 3, total: 10 });
  const both = [desk.ask('a', 60_000, held.work), desk.ask('a', 60_000, held.work)];
  held.end('there');
  for (const answer of await Promise.all(both))
    expect(answer).toMatchObject({ result: 'there', isKept: false });
  expect(await desk.ask('a', 0, never)).toEqual({ state: 'done', result: 'there', isKept: true });
  expect(held.runs()).toBe(1);
  await desk.close();
});

test('works at one at a time and refuses a crowd', async () => {
  const desk = createExplanationDesk<string>();
  const held = heldWork();
  const next = heldWork();
  await desk.ask('first', 1, held.work);
  expect(await desk.ask('second', 1, next.work)).toMatchObject({ state: 'running', waiting: 1, total: 0 });
  expect(next.runs()).toBe(0);
  for (let i = 0; i < 14; i++) await desk.ask(`further ${i}`, 1, async () => `${i}`);
  await expect(desk.ask('too many', 1, never)).rejects.toMatchObject({ code: 'serving.explanation.busy' });
  held.end('one');
  next.end('two');
  expect(await desk.ask('further 13', 60_000, never)).toMatchObject({ result: '13' });
  expect(await desk.ask('room again', 60_000, async () => 'yes')).toMatchObject({ result: 'yes' });
  await desk.close();
});

test('tells a failure to those who ask on, and goes on with the next', async () => {
  const desk = createExplanationDesk<string>();
  const held = heldWork();
  await desk.ask('bad', 1, held.work);
  held.fail(new Error('It broke.'));
  await expect(desk.ask('bad', 60_000, never)).rejects.toThrow('It broke.');
  await expect(desk.ask('bad', 60_000, never)).rejects.toThrow('It broke.');
  expect(await desk.ask('good', 60_000, async () => 'fine')).toMatchObject({ result: 'fine' });
  await desk.close();
  await expect(desk.ask('late', 60_000, async () => 'no')).rejects.toMatchObject({
    code: 'serving.explanation.busy',
  });
});

test('tells the work under way to end with the server', async () => {
  const desk = createExplanationDesk<string>();
  let begun: () => void = () => {};
  const isBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const asked = desk.ask('long', 60_000, async (progress) => {
    begun();
    while (!progress.mustEnd) await new Promise((resolve) => setTimeout(resolve, 1));
    throw new Error('Ended.');
  });
  const refused = expect(asked).rejects.toThrow('Ended.');
  await isBegun;
  await desk.close();
  await refused;
});

test('keeps the newest 128', async () => {
  const desk = createExplanationDesk<number>();
  for (let i = 0; i < 300; i++) await desk.ask(`${i}`, 60_000, async () => i);
  expect(await desk.ask('299', 0, async () => -1)).toMatchObject({ result: 299, isKept: true });
  expect(await desk.ask('0', 60_000, async () => -1)).toMatchObject({ result: -1, isKept: false });
  await desk.close();
});
