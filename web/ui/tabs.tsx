import { type KeyboardEvent, useRef } from 'react';
import { useUrlState } from './url-state.ts';

export type Tab = { key: string; label: string; count?: number | undefined };

/** The chosen tab, kept in the URL. */
export function useTab(first: string): [string, (tab: string) => void] {
  return useUrlState('tab', first);
}

/**
 * The tabs under a page's header; arrows walk them. Pass as `tabs` of Page. `first` is the one that the plain address
 * shows, the leftmost unless said otherwise.
 */
export function Tabs({ items, first = items[0]?.key ?? '' }: { items: Tab[]; first?: string }) {
  const [chosen, choose] = useTab(first);
  const list = useRef<HTMLDivElement>(null);
  const walk = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const at = items.findIndex((item) => item.key === chosen);
    const next = (at + step + items.length) % items.length;
    choose(items[next]?.key ?? '');
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div className="page-tabs" role="tablist" ref={list} onKeyDown={walk}>
      {items.map((item) => (
        <button
          key={item.key}
          type="button"
          role="tab"
          aria-selected={item.key === chosen}
          tabIndex={item.key === chosen ? 0 : -1}
          className="page-tab"
          onClick={() => choose(item.key)}
        >
          {item.label}
          {item.count === undefined ? null : <span className="faint"> {item.count}</span>}
        </button>
      ))}
    </div>
  );
}
