import { expect, test } from 'vitest';
import { parseBlock } from './live.ts';

test('a server-sent block has id, type and data', () => {
  expect(parseBlock('id: 7\nevent: ledger\ndata: {"seq":7}')).toEqual({
    id: '7',
    type: 'ledger',
    data: '{"seq":7}',
  });
});

test('comments say nothing; data over several lines is joined', () => {
  expect(parseBlock(': beat')).toBeNull();
  expect(parseBlock('data: a\ndata: b')?.data).toBe('a\nb');
});
