import { Fragment, type ReactNode } from 'react';

/** Pairs of name and value; pairs whose value is undefined are left out. */
export function KeyValue({ items }: { items: [string, ReactNode | undefined][] }) {
  return (
    <dl className="kv">
      {items
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value === null || value === '' ? <span className="dim">–</span> : value}</dd>
          </Fragment>
        ))}
    </dl>
  );
}
