import Type from 'typebox';
import { Time } from '../schemas.ts';

/** Who asks, and what they may do; `login` says whether the server asks for it. */
export const MeReply = Type.Object({
  id: Type.String(),
  roles: Type.Array(Type.String()),
  permissions: Type.Array(Type.String()),
  login: Type.Boolean(),
});

export const UserReply = Type.Object({
  id: Type.String(),
  roles: Type.Array(Type.String()),
  createdAt: Time,
});
