/** The rows of one branch. */
export type Group = { branch: number; rows: Int32Array };

/** The rows of each branch that has some. */
export function grouped(asked: Int32Array, choice: Int8Array, branches: number): Group[] {
  const first = choice[asked[0]];
  if (asked.every((row) => choice[row] === first)) return [{ branch: first, rows: asked }];
  const groups: Group[] = [];
  for (let branch = 0; branch < branches; branch++) {
    const rows = asked.filter((row) => choice[row] === branch);
    if (rows.length > 0) groups.push({ branch, rows });
  }
  return groups;
}

/** A number from 0 to 1 that depends on the text alone. */
export function hashed(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return (hash >>> 0) / 0x1_0000_0000;
}
