import { newId } from '../../../platform/ids.ts';

/**
 * Makes ids for predictions: `prd_`, ten characters of time, eight that are this process's own, and a count. They
 * sort by time as other ids do; drawing random bytes for each would cost more than the rest of its bookkeeping.
 */
export function createPredictionIds(): (time: number) => string {
  const own = newId('prd').slice(-8);
  let count = 0;
  let lastTime = -1;
  let head = '';
  return (time) => {
    if (time !== lastTime) {
      lastTime = time;
      head = `${newId('prd', time).slice(0, 14)}${own}`;
    }
    count = (count + 1) % 0x10_0000_0000;
    return head + count.toString(32).padStart(7, '0');
  };
}
