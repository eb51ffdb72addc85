import type { Static } from 'typebox';
import type { MeReply, UserReply } from '../../../src/platform/auth/auth.contract.ts';

export type Me = Static<typeof MeReply>;
export type User = Static<typeof UserReply>;
