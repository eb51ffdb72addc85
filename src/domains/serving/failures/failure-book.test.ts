import { describe, expect, it } from 'vitest';
import { servingError } from '../serving.errors.ts';
import { createFailureBook, ofPrediction, rescued } from './failure-book.ts';

describe('the book of failures', () => {
  it('counts by code and keeps the newest examples, with the prediction where there is one', () => {
    let now = 0;
    const book = createFailureBook(() => ++now);
    for (let i = 0; i < 20; i++) {
      book.note('d', servingError('serving.request.invalid', `Number ${i}.`), 'rest', undefined);
    }
    book.note('d', ofPrediction(servingError('serving.request.failed', 'No.'), 'prd_1'), 'grpc', undefined);
    const [failed, invalid] = book.list('d');
    expect(invalid).toMatchObject({
      code: 'serving.request.invalid',
      status: 400,
      count: 20,
      first: 1,
      last: 20,
    });
    expect(invalid.examples.map(({ message }) => message)).toEqual(
      [19, 18, 17, 16, 15, 14, 13, 12].map((i) => `Number ${i}.`),
    );
    expect(failed.examples).toEqual([{ time: 21, id: 'prd_1', message: 'No.', door: 'grpc', trace: null }]);
    expect(book.list('another')).toEqual([]);
  });

  it('says nothing of our own faults, and what was wrong of those of callers', () => {
    const book = createFailureBook(() => 1);
    book.note('d', new Error('secret /path'), 'rest', undefined);
    book.note('d', Object.assign(new Error('Too long.'), { statusCode: 413 }), 'rest', undefined);
    book.note('d', new SyntaxError('bad JSON'), 'mlflow', undefined);
    expect(JSON.stringify(book.list('d'))).not.toContain('secret');
    const unreadable = book.list('d').find(({ code }) => code === 'serving.request.unreadable');
    expect(unreadable?.count).toBe(2);
  });

  it('holds a bounded number of kinds', () => {
    const book = createFailureBook(() => 1);
    for (let i = 0; i < 100; i++) {
      const error = Object.assign(servingError('serving.request.failed', 'x'), { code: `code.${i}` });
      book.note('d', error, 'rest', undefined);
    }
    book.noteRescue('other', 'prd_2', 'x'.repeat(10_000));
    expect(book.list('d').length).toBeLessThanOrEqual(40);
    const [saved] = book.list('other');
    expect([saved.code, saved.examples[0].message.length <= 400]).toEqual([rescued, true]);
  });
});
