import Type from 'typebox';
import { platformError } from './errors.ts';

export const namePattern = '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$';
const name = new RegExp(namePattern);

/** Schema of a name that a person gives to a dataset, model, deployment, pipeline… */
export const Name = Type.String({ pattern: namePattern, description: 'A name of 1 to 128 characters' });

/** Returns `value` when it is a legal name; raises platform.name.invalid otherwise. */
export function checkName(what: string, value: string): string {
  if (!name.test(value))
    throw platformError('platform.name.invalid', `This is not a legal name of a ${what}.`);
  return value;
}
