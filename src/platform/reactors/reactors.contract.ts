import Type from 'typebox';
import { Items, Time } from '../schemas.ts';

/** Events that a reactor gave up on; they wait for a person. */
export const DeadLettersReply = Items(
  Type.Object({
    reactor: Type.String(),
    eventId: Type.String(),
    seq: Type.Integer(),
    attempts: Type.Integer(),
    error: Type.String(),
    time: Time,
  }),
);
