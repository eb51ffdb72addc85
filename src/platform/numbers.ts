/** A number in a sentence for people: a fixed count of decimals, and a minus as wide as a plus. */
export function fixed(value: number, decimals: number): string {
  return value.toFixed(decimals).replace('-', '−');
}
