import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMessageReader } from './message-reader.ts';

const mostBytes = 1000;
const wireOf = (message: Uint8Array, isCompressed = false) => {
  const prefix = Buffer.alloc(5, Number(isCompressed));
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};

test('however the bytes are cut, the messages come out whole and in order', () => {
  const messages = fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.boolean()), { maxLength: 6 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (sent, cuts) => {
      const got: [number[], boolean][] = [];
      const reader = createMessageReader(mostBytes, ({ bytes, isCompressed }) =>
        got.push([[...bytes], isCompressed]),
      );
      const wire = Buffer.concat(sent.map(([message, isCompressed]) => wireOf(message, isCompressed)));
      for (let at = 0, i = 0; at < wire.length; at += cuts[i++ % cuts.length]) {
        expect(reader.push(wire.subarray(at, at + cuts[i % cuts.length]))).toBe(true);
      }
      expect(reader.isComplete()).toBe(true);
      expect(got).toEqual(sent.map(([message, isCompressed]) => [[...message], isCompressed]));
    }),
  );
});

test('a message in pieces ends where tensors are aligned; one that is too long stops the reading', () => {
  const got: Buffer[] = [];
  const reader = createMessageReader(mostBytes, ({ bytes }) => got.push(bytes));
  const wire = wireOf(new Uint8Array(101).fill(7));
  reader.push(wire.subarray(0, 3));
  reader.push(wire.subarray(3, 50));
  expect(reader.isComplete()).toBe(false);
  reader.push(wire.subarray(50));
  expect(got).toEqual([Buffer.alloc(101, 7)]);
  expect((got[0].byteOffset + got[0].length) % 8).toBe(0);
  expect(reader.push(wireOf(new Uint8Array(mostBytes + 1)).subarray(0, 5))).toBe(false);
});
