import { Menu } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import type { CSSProperties, ReactNode } from 'react';
import { download, toCsv } from './export.ts';

export type PanelProps = {
  title?: ReactNode;
  /** What the panel shows: unit, n, time zone, comparison. Stands beside the title. */
  note?: ReactNode;
  actions?: ReactNode;
  /** Columns of twelve. */
  span?: 3 | 4 | 5 | 6 | 7 | 8 | 9 | 12;
  /** No padding: for tables and charts that reach the border. */
  flush?: boolean;
  /** Rows offered as CSV and JSON. */
  data?: { name: string; rows: Record<string, unknown>[] };
  style?: CSSProperties;
  children: ReactNode;
};

/** A titled area with a hairline border. */
export function Panel({ title, note, actions, span = 12, flush, data, style, children }: PanelProps) {
  return (
    <section className={`panel span-${span}`} style={{ gridColumn: `span ${span}`, ...style }}>
      {title || actions || data ? (
        <div className="panel-head">
          {title ? <h2 title={typeof title === 'string' ? title : undefined}>{title}</h2> : null}
          {note ? <span className="note truncate">{note}</span> : null}
          <span className="grow" />
          {actions}
          {data && data.rows.length > 0 ? <ExportMenu {...data} /> : null}
        </div>
      ) : null}
      <div className={flush ? 'panel-body flush' : 'panel-body'}>{children}</div>
    </section>
  );
}

/** Saves rows as CSV or JSON. */
export function ExportMenu({ name, rows }: { name: string; rows: Record<string, unknown>[] }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <button type="button" className="icon-btn" aria-label="Export" title="Export">
          <IconDownload size={15} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => download(`${name}.csv`, 'text/csv', toCsv(rows))}>CSV</Menu.Item>
        <Menu.Item
          onClick={() => download(`${name}.json`, 'application/json', JSON.stringify(rows, null, 2))}
        >
          JSON
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
