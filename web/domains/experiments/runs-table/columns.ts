import type { Catalogue } from '../../../api/types.ts';

/** A column is an attribute that every run has, or `metrics.KEY`, `params.KEY`, `tags.KEY`. */
export type Kind = 'attributes' | 'metrics' | 'params' | 'tags';

export const attributes: Record<string, { title: string; width: number; order?: string; right?: boolean }> = {
  start_time: { title: 'Started', width: 110, order: 'start_time' },
  duration: { title: 'Took', width: 104, right: true },
  user_id: { title: 'By', width: 110, order: 'user_id' },
  end_time: { title: 'Ended', width: 110, order: 'end_time' },
  run_id: { title: 'Run id', width: 250, order: 'run_id' },
  parent: { title: 'Parent', width: 110 },
};

export function kindOf(column: string): Kind {
  const dot = column.indexOf('.');
  const prefix = column.slice(0, Math.max(0, dot));
  return prefix === 'metrics' || prefix === 'params' || prefix === 'tags' ? prefix : 'attributes';
}

/** The key without its kind. */
export function keyOf(column: string): string {
  return kindOf(column) === 'attributes' ? column : column.slice(column.indexOf('.') + 1);
}

export function titleOf(column: string): string {
  return attributes[column]?.title ?? keyOf(column);
}

export function widthOf(column: string): number {
  return attributes[column]?.width ?? (kindOf(column) === 'metrics' ? 110 : 130);
}

/** How the filter and order language names it; keys that are not plain words stand in backticks. */
export function fieldName(column: string): string {
  const kind = kindOf(column);
  if (kind === 'attributes') return attributes[column]?.order ?? column;
  const key = keyOf(column);
  return /^[\w/.:-]+$/.test(key) ? `${kind}.${key}` : `${kind}.\`${key}\``;
}

/** "-metrics.auc" → "metrics.auc DESC"; undefined for the default order. */
export function orderOf(sort: string): string | undefined {
  if (sort === '') return undefined;
  const column = sort.replace(/^-/, '');
  return `${fieldName(column)} ${sort.startsWith('-') ? 'DESC' : 'ASC'}`;
}

export function sortable(column: string): boolean {
  return kindOf(column) !== 'attributes' || attributes[column]?.order !== undefined;
}

const most = { metrics: 7, params: 5 };

/** What stands there before anyone chose: when, how long, and the metrics and params that most runs carry. */
export function defaultColumns(catalogue: Catalogue | undefined): string[] {
  if (!catalogue) return ['start_time', 'duration'];
  const top = (kind: 'metrics' | 'params') =>
    catalogue[kind]
      .filter(({ key }) => !key.startsWith('system/'))
      .map((one, at) => ({ ...one, at, own: key(one.key) }))
      .sort((a, b) => a.own - b.own || b.runs - a.runs || a.at - b.at)
      .slice(0, most[kind])
      .map((one) => `${kind}.${one.key}`);
  return ['start_time', 'duration', ...top('metrics'), ...top('params')];
}

/** What training measured of itself comes after what was measured on unseen rows. */
function key(name: string): number {
  return /^train(ing)?[._]/.test(name) ? 1 : 0;
}

/** Reads `a,b,c`; keys hold no commas. */
export function listOf(text: string): string[] {
  return [...new Set(text.split(',').filter(Boolean))];
}

/** Reads `a~120,b~90`. */
export function widthsOf(text: string): Record<string, number> {
  return Object.fromEntries(
    listOf(text).flatMap((part) => {
      const at = part.lastIndexOf('~');
      const width = Number(part.slice(at + 1));
      return at > 0 && width >= 40 && width <= 1200 ? [[part.slice(0, at), width]] : [];
    }),
  );
}

export function widthsText(widths: Record<string, number>): string {
  return Object.entries(widths)
    .map(([column, width]) => `${column}~${Math.round(width)}`)
    .join(',');
}
