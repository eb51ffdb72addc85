import { platformError } from '../../platform/errors.ts';
import { parseTime } from './routing/request-rows.ts';

/**
 * A time of a query in milliseconds: ISO text or milliseconds; `otherwise` when there is none.
 * @throws platform.input.invalid
 */
export function timeOr(value: string | number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const time = parseTime(value);
  if (Number.isNaN(time))
    throw platformError('platform.input.invalid', 'A time is neither ISO text nor milliseconds.');
  return Math.round(time);
}
