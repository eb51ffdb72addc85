import { useComputedColorScheme } from '@mantine/core';
import { type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import { group, significant } from './format.ts';

/** Width of an element as it changes. */
export function useWidth<Element extends HTMLElement>(): [RefObject<Element | null>, number] {
  const ref = useRef<Element>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver((entries) =>
      setWidth(Math.floor(entries[0]?.contentRect.width ?? 0)),
    );
    observer.observe(element);
    setWidth(Math.floor(element.clientWidth));
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/** The value of a design token, for canvases; `scheme` only makes callers recompute. */
function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export type Palette = {
  text: string;
  dim: string;
  faint: string;
  line: string;
  grid: string;
  panel: string;
  band: string;
  ok: string;
  warn: string;
  bad: string;
  none: string;
  series: string[];
};

/** The colours of the current scheme as literal values. */
export function usePalette(): Palette {
  const scheme = useComputedColorScheme('light');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the tokens change with the scheme
  return useMemo(
    () => ({
      text: token('--text'),
      dim: token('--dim'),
      faint: token('--faint'),
      line: token('--line-strong'),
      grid: token('--grid'),
      panel: token('--panel'),
      band: token('--band'),
      ok: token('--ok'),
      warn: token('--warn'),
      bad: token('--bad'),
      none: token('--none'),
      series: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => token(`--s${n}`)),
    }),
    [scheme],
  );
}

/** Texts of axis values, all with as many decimals as their step needs: "0.25", "0.50", "1.00". */
export function tickTexts(values: readonly (number | null)[]): string[] {
  const given = values.filter((value) => value !== null);
  const largest = Math.max(...given.map(Math.abs));
  const step = Math.min(...given.slice(1).map((value, at) => Math.abs(value - (given[at] ?? 0))));
  const figures = Math.ceil(Math.log10(largest / step)) + 2;
  return values.map((value) => {
    if (value === null) return '';
    if (value === 0 || !Number.isFinite(step) || step === 0) return significant(value, 3);
    if (largest >= 1e6 || largest < 1e-3)
      return value.toExponential(Math.min(6, figures)).replace(/\.?0+e\+?/, 'e');
    return group(Number(value.toFixed(decimalsOf(step))), decimalsOf(step));
  });
}

/** The fewest decimals that say a number to three figures. */
function decimalsOf(step: number): number {
  const text = Number(step.toPrecision(3)).toString();
  return text.includes('e-') ? 8 : (text.split('.')[1]?.length ?? 0);
}

/** Round axis values that cover [low, high]. */
export function ticks(low: number, high: number, wanted = 4): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const made: number[] = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step)
    made.push(Number(value.toPrecision(12)));
  return made;
}
