import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The floors of the house: imports point downward only, and into another domain only through its door. */
const levels: Record<string, number> = {
  'src/math': 0,
  'src/platform': 1,
  'src/domains/data': 2,
  'src/domains/pipelines': 2,
  'src/domains/guardrails': 2,
  'src/domains/features': 3,
  'src/domains/experiments': 3,
  'src/domains/registry': 4,
  'src/domains/serving': 5,
  'src/domains/monitoring': 6,
  'src/domains/governance': 7,
  'src/domains/insights': 8,
  'src/protocols': 9,
  'src/client': 9,
  'src/cli': 11,
  src: 10,
};

const floors = Object.keys(levels).sort((a, b) => b.length - a.length);
const floorOf = (file: string) => floors.find((floor) => file.startsWith(`${floor}/`)) ?? 'outside';

type Import = { from: string; to: string; isType: boolean };

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /(?:(import|export)( type)?\s[^;'"]*?\sfrom|import)\s*\(?\s*['"](\.[^'"]+)['"]/g,
  );
  return [...found].map(([, , type, path]) => {
    return { from: file, to: normalize(join(dirname(file), path)), isType: type !== undefined };
  });
}

const sources = globSync('src/**/*.ts').filter((file) => !file.endsWith('.test.ts'));
const imports = sources.flatMap(importsOf);
const show = ({ from, to }: Import) => `${from} → ${to}`;

describe('architecture', () => {
  it('reads the sources', () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(imports.length).toBeGreaterThan(100);
  });

  it('knows the floor of every source file', () => {
    expect(sources.filter((file) => floorOf(file) === 'outside')).toEqual([]);
  });

  it('imports downward only', () => {
    const upward = imports.filter(({ from, to }) => {
      const [a, b] = [floorOf(from), floorOf(to)];
      return a !== b && b !== 'outside' && levels[b] >= levels[a] && !isContract(from, to);
    });
    expect(upward.map(show)).toEqual([]);
  });

  it('enters another domain only by its door or its contract', () => {
    const through = imports.filter(({ from, to }) => {
      const [a, b] = [floorOf(from), floorOf(to)];
      if (a === b || !b.startsWith('src/domains/')) return false;
      return !/\/index\.ts$|\.contract\.ts$|\.process-steps\.ts$/.test(to);
    });
    expect(through.map(show)).toEqual([]);
  });

  it('lets the web pages read types of contracts, and nothing else of the server', () => {
    const pages = globSync('web/**/*.{ts,tsx}')
      .flatMap(importsOf)
      .filter(({ to }) => to.startsWith('src/'));
    const typesOnly = ({ from, to, isType }: Import) =>
      isType && from.startsWith('web/api/types/') && /\.contract\.ts$|^src\/platform\/json\.ts$/.test(to);
    expect(pages.length).toBeGreaterThan(20);
    expect(pages.filter((one) => !typesOnly(one)).map(show)).toEqual([]);
  });

  it('keeps the math floor free of I/O', () => {
    const builtin = sources
      .filter((file) => floorOf(file) === 'src/math')
      .filter((file) => /from ['"]node:/.test(readFileSync(file, 'utf8')));
    expect(builtin).toEqual([]);
  });
});

/** The client and the command line see contracts only. */
function isContract(from: string, to: string): boolean {
  return floorOf(from) === 'src/client' && to.endsWith('.contract.ts');
}
