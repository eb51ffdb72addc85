import { experimentsError } from '../experiments.contract.ts';

export const queueTypes = ['user', 'custom'] as const;
export type QueueType = (typeof queueTypes)[number];
export const reviewStatuses = ['pending', 'complete', 'declined'] as const;
export type ReviewStatus = (typeof reviewStatuses)[number];

/** Traces that people shall review: the queue of one user, or one of several users with questions of its own. */
export type ReviewQueue = {
  id: string;
  experimentId: number;
  name: string;
  type: QueueType;
  users: string[];
  /** The questions; those of a user's queue are all of the experiment, and this is empty. */
  schemaIds: string[];
  createdBy: string | null;
  createdAt: number;
  updatedAt: number;
};

export type ReviewItem = {
  queueId: string;
  traceId: string;
  status: ReviewStatus;
  completedBy: string | null;
  completedAt: number | null;
  createdAt: number;
  updatedAt: number;
};

export type ReviewQueueRow = {
  id: string;
  experiment_id: number;
  name: string;
  /** The name in small letters: names are unique in an experiment, whatever their case. */
  name_key: string;
  type: string;
  /** JSON of a list of texts. */
  users: string;
  /** JSON of a list of texts. */
  schema_ids: string;
  created_by: string | null;
  created_at: number;
  updated_at: number;
};

export type ReviewItemRow = {
  queue_id: string;
  trace_id: string;
  status: string;
  completed_by: string | null;
  completed_at: number | null;
  created_at: number;
  updated_at: number;
};

export const toQueue = (row: ReviewQueueRow): ReviewQueue => ({
  id: row.id,
  experimentId: row.experiment_id,
  name: row.name,
  type: row.type as QueueType,
  users: JSON.parse(row.users) as string[],
  schemaIds: JSON.parse(row.schema_ids) as string[],
  createdBy: row.created_by,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export const toItem = (row: ReviewItemRow): ReviewItem => ({
  queueId: row.queue_id,
  traceId: row.trace_id,
  status: row.status as ReviewStatus,
  completedBy: row.completed_by,
  completedAt: row.completed_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const bad = (why: string) => experimentsError('experiments.input.invalid', why);

const MOST_USERS = 10;

/** A user's name as it is compared: in small letters, without space around it. @throws experiments.input.invalid */
export function readUser(user: string): string {
  const name = user.trim().toLowerCase();
  if (name === '' || name.length > 250) throw bad('The name of a user has 1 to 250 characters.');
  return name;
}

/** @throws experiments.input.invalid */
export function readUsers(users: readonly string[]): string[] {
  const read = [...new Set(users.map(readUser))].sort();
  if (read.length > MOST_USERS) throw bad(`A queue has at most ${MOST_USERS} users.`);
  return read;
}

/** Ids without space around them, each once. @throws experiments.input.invalid */
export function readIds(ids: readonly string[], longest: number): string[] {
  const read = [...new Set(ids.map((id) => id.trim()))];
  if (read.some((id) => id === '' || id.length > longest)) throw bad(`An id has 1 to ${longest} characters.`);
  return read;
}

/** @throws experiments.input.invalid */
export function readQueueName(name: string): string {
  const read = name.trim();
  if (read === '' || read.length > 250) throw bad('The name of a queue has 1 to 250 characters.');
  if (read.toLowerCase() === 'default')
    throw bad(`“${read}” is kept for the queue of a user; take another name.`);
  return read;
}

/** What a new queue is: a user's queue has that user and no questions of its own. @throws experiments.input.invalid */
export function readQueue(input: {
  name: string;
  type: QueueType;
  users: readonly string[];
  schemaIds: readonly string[];
}): Pick<ReviewQueue, 'name' | 'type' | 'users' | 'schemaIds'> {
  const users = readUsers(input.users);
  const schemaIds = readIds(input.schemaIds, 36);
  if (input.type === 'custom') return { name: readQueueName(input.name), type: 'custom', users, schemaIds };
  const name = readUser(input.name);
  if (users.length > 1 || (users.length === 1 && users[0] !== name)) {
    throw bad('The queue of a user has that user and nobody else.');
  }
  if (schemaIds.length > 0) throw bad('The queue of a user asks all questions of the experiment.');
  return { name, type: 'user', users: [name], schemaIds };
}

/** Who ended a review is known; one that is open again was ended by nobody. @throws experiments.input.invalid */
export function readEnd(status: ReviewStatus, by: string | undefined): string | null {
  const user = by === undefined ? null : readUser(by);
  if (status === 'pending' && user !== null) throw bad('A review that is open again was ended by nobody.');
  if (status !== 'pending' && user === null) throw bad('Say who ended the review.');
  return user;
}
