import { experimentsError } from '../experiments.contract.ts';

/** How a reviewer answers: by one of two words, one or several of some, a number or a text. */
export type LabelInput =
  | { kind: 'pass_fail'; positive: string; negative: string }
  | { kind: 'categorical'; options: string[]; several: boolean }
  | { kind: 'numeric'; min: number | null; max: number | null }
  | { kind: 'text'; longest: number | null };

export const labelTypes = ['feedback', 'expectation'] as const;
export type LabelType = (typeof labelTypes)[number];

/** A question that reviewers of traces answer; the answer is an assessment of the same name. */
export type LabelSchema = {
  id: string;
  experimentId: number;
  name: string;
  type: LabelType;
  instruction: string | null;
  /** Whether a comment may go with the answer. */
  comments: boolean;
  input: LabelInput;
  /** The question that every experiment has, and nobody changes. */
  isDefault: boolean;
  createdBy: string | null;
  createdAt: number;
  updatedAt: number;
};

export type LabelSchemaRow = {
  id: string;
  experiment_id: number;
  name: string;
  type: string;
  instruction: string | null;
  comments: number;
  /** JSON of `LabelInput`. */
  input: string;
  created_by: string | null;
  created_at: number;
  updated_at: number;
};

const DEFAULT_NAME = 'Feedback';

/** The question that every experiment has is not stored: its id names the experiment. */
const defaultIdPattern = /^ls-default-(\d{1,10})$/;

/** The experiment whose default question has this id; null when it is another's. */
export function experimentOfDefault(id: string): number | null {
  const found = defaultIdPattern.exec(id)?.[1];
  return found === undefined ? null : Number(found);
}

export const defaultSchema = (experimentId: number, createdAt: number): LabelSchema => ({
  id: `ls-default-${experimentId}`,
  experimentId,
  name: DEFAULT_NAME,
  type: 'feedback',
  instruction: 'What is good here, and what is not?',
  comments: false,
  input: { kind: 'text', longest: null },
  isDefault: true,
  createdBy: null,
  createdAt,
  updatedAt: createdAt,
});

export function toLabelSchema(row: LabelSchemaRow): LabelSchema {
  return {
    id: row.id,
    experimentId: row.experiment_id,
    name: row.name,
    type: row.type as LabelType,
    instruction: row.instruction,
    comments: row.comments === 1,
    input: JSON.parse(row.input) as LabelInput,
    isDefault: false,
    createdBy: row.created_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

const bad = (why: string) => experimentsError('experiments.input.invalid', why);

/** @throws experiments.input.invalid */
export function checkSchemaName(name: string): void {
  if (name.trim() === '' || name.length > 250) throw bad('The name of a question has 1 to 250 characters.');
  if (name.trim().toLowerCase() === DEFAULT_NAME.toLowerCase()) {
    throw bad(`“${DEFAULT_NAME}” is the question that every experiment has; take another name.`);
  }
}

/** @throws experiments.input.invalid */
export function checkInstruction(instruction: string | null): void {
  if (instruction !== null && (instruction === '' || instruction.length > 1000)) {
    throw bad('The instruction of a question has 1 to 1000 characters.');
  }
}

const isWord = (text: string) => text !== '' && text.length <= 64;

/** @throws experiments.input.invalid */
export function checkInput(input: LabelInput): void {
  if (input.kind === 'pass_fail') {
    const { positive, negative } = input;
    if (!isWord(positive) || !isWord(negative)) throw bad('Both words have 1 to 64 characters.');
    if (positive === negative) throw bad('The two words differ.');
  } else if (input.kind === 'categorical') {
    const { options } = input;
    if (options.length === 0 || options.length > 10) throw bad('There are 1 to 10 options.');
    if (!options.every(isWord)) throw bad('An option has 1 to 64 characters.');
    if (new Set(options).size < options.length) throw bad('The options differ.');
  } else if (input.kind === 'numeric') {
    const { min, max } = input;
    if ([min, max].some((one) => one !== null && !Number.isFinite(one))) throw bad('Limits are finite.');
    if (min !== null && max !== null && min >= max) throw bad('The lower limit is below the upper one.');
  } else if (input.longest !== null && input.longest < 1) {
    throw bad('The longest answer has at least 1 character.');
  }
}

/** Answers that were given must stay answers: the kind of input stays. @throws experiments.input.invalid */
export function checkInputChange(before: LabelInput, next: LabelInput): void {
  checkInput(next);
  if (before.kind !== next.kind) throw bad(`The question is answered by ${before.kind}; that cannot change.`);
  if (before.kind === 'categorical' && next.kind === 'categorical' && before.several !== next.several) {
    throw bad('Whether several options may be chosen cannot change.');
  }
}
