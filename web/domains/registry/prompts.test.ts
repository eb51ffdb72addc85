import { expect, it } from 'vitest';
import type { ModelVersion } from '../../api/types.ts';
import { diffLines, promptText, promptVariables } from './prompts.ts';

const marks = { same: ' ', removed: '-', added: '+' };
const written = (before: string, after: string) =>
  diffLines(before, after).map(({ kind, text }) => `${marks[kind]}${text}`);

it('says line by line what turns one text into the other', () => {
  expect(written('a\nb\nc', 'a\nx\nc\nd')).toEqual([' a', '-b', '+x', ' c', '+d']);
  expect(written('a\nb', 'a\nb')).toEqual([' a', ' b']);
  expect(written('', 'a')).toEqual(['-', '+a']);
  expect(written('a\na', 'a')).toEqual([' a', '-a']);
});

it('keeps both texts whole, whatever they are', () => {
  let seed = 7;
  const next = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let round = 0; round < 200; round++) {
    const text = () => Array.from({ length: next(9) }, () => 'abc'[next(3)]).join('\n');
    const [before, after] = [text(), text()];
    const lines = diffLines(before, after);
    const without = (kind: string) =>
      lines
        .filter((line) => line.kind !== kind)
        .map((line) => line.text)
        .join('\n');
    expect([without('added'), without('removed')]).toEqual([before, after]);
  }
});

it('reads the text and the variables of prompts', () => {
  const version = (tags: Record<string, string>) => ({ tags }) as ModelVersion;
  expect(promptText(version({ 'mlflow.prompt.text': 'Hi {{ who }}' }))).toBe('Hi {{ who }}');
  const chat = JSON.stringify([{ role: 'user', content: 'Hi' }]);
  expect(promptText(version({ 'mlflow.prompt.text': chat, _mlflow_prompt_type: 'chat' }))).toBe('user:\nHi');
  expect(promptText(version({ 'mlflow.prompt.text': '{', _mlflow_prompt_type: 'chat' }))).toBe('{');
  expect(promptVariables('{{a}} {{ b.c }} {{a}}')).toEqual(['a', 'b.c']);
});
