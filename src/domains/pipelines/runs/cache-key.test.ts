import { describe, expect, it } from 'vitest';
import { cacheKey, explainDifference, type KeyMaterial, withoutPaths, withPaths } from './cache-key.model.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const material: KeyMaterial = {
  step: { name: 'features/training-set', version: '1' },
  input: { table: { digest, size: 5 }, until: '', columns: ['a', 'b'] },
  env: {},
  workspace: 'default',
};

describe('cache keys', () => {
  it('do not depend on the order of keys, nor on where files lie', () => {
    const { workspace, env, input, step } = material;
    expect(cacheKey({ workspace, env, input, step })).toBe(cacheKey(material));
    expect(withoutPaths({ table: { digest, size: 5, path: '/x' }, path: 'kept' })).toEqual({
      table: { digest, size: 5 },
      path: 'kept',
    });
    expect(withPaths(material.input, () => '/blob')).toMatchObject({
      table: { digest, size: 5, path: '/blob' },
    });
  });

  it('change with the version, the content of an input, and the environment', () => {
    const keys = [
      material,
      { ...material, step: { name: 'features/training-set', version: '2' } },
      { ...material, input: { ...material.input, table: { digest: digest.replace('ab', 'cd'), size: 5 } } },
      { ...material, env: { THREADS: '1' } },
      { ...material, step: { command: 'true' } },
    ].map(cacheKey);
    expect(new Set(keys).size).toBe(5);
  });

  it('say what differs', () => {
    const now: KeyMaterial = {
      ...material,
      step: { name: 'features/training-set', version: '2' },
      input: { table: { digest: digest.replace('ab', 'cd'), size: 5 }, columns: ['a'] },
      env: { THREADS: '1' },
    };
    expect(explainDifference(material, now)).toEqual([
      'env is gone; it was {}',
      'env.THREADS is new: "1"',
      'input.columns.1 is gone; it was "b"',
      'input.table.digest was "sha256:abababababab…", is "sha256:cdabababab' + 'ab…"',
      'input.until is gone; it was ""',
      'step.version was "1", is "2"',
    ]);
  });
});
