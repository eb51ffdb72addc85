export type Me = { id: string; roles: string[]; permissions: string[]; login: boolean };
export type User = { id: string; roles: string[]; createdAt: string };
