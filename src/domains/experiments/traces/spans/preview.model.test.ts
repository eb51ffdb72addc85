import { describe, expect, it } from 'vitest';
import { preview } from './preview.model.ts';

const talk = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Where is Paris?' },
  { role: 'assistant', content: 'In France.' },
];

describe('the preview of a trace', () => {
  it.each([
    ['chat request', { model: 'm', messages: talk }, 'user', 'Where is Paris?'],
    ['chat reply', { choices: [{ message: talk[2] }] }, 'assistant', 'In France.'],
    ['responses request', { input: [talk[1]] }, 'user', 'Where is Paris?'],
    [
      'responses reply',
      {
        output: [
          { type: 'reasoning' },
          { role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] },
        ],
      },
      'assistant',
      'Hi',
    ],
    ['request of an agent', { request: { input: [talk[1]] } }, 'user', 'Where is Paris?'],
    ['bare list', talk, 'assistant', 'In France.'],
    ['parts', [{ role: 'user', parts: [{ type: 'text', content: 'Hello' }] }], 'user', 'Hello'],
    ['another side only', { messages: [talk[0]] }, 'user', 'Be brief.'],
    [
      'picture and text',
      { messages: [{ role: 'user', content: [{ type: 'image' }, 'What?'] }] },
      'user',
      'What?',
    ],
    ['text', 'plain', 'user', 'plain'],
  ] as const)('of a %s is what was said last', (_, value, side, said) => {
    expect(preview(value as never, side)).toBe(said);
  });

  it.each([
    ['no message in it', { messages: [{ text: 'x' }] }],
    ['a message without a text', { messages: [{ role: 'user', content: null }] }],
    ['empty lists', { messages: [], choices: [], input: [] }],
    ['numbers', [1, 2]],
  ])('of something with %s is its JSON', (_, value) => {
    expect(preview(value as never, 'user')).toBe(JSON.stringify(value));
  });

  it('is cut, and not within a character', () => {
    expect(preview(`${'x'.repeat(996)}😀${'y'.repeat(10)}`, 'user')).toBe(`${'x'.repeat(996)}\ufffd...`);
    expect(preview(undefined, 'user')).toBeUndefined();
  });
});
