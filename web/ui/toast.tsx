import { IconX } from '@tabler/icons-react';
import { useSyncExternalStore } from 'react';

type Toast = { id: number; text: string; note?: string; bad?: boolean };

let toasts: Toast[] = [];
let nextId = 1;
const watchers = new Set<() => void>();

function publish(next: Toast[]): void {
  toasts = next;
  for (const watcher of watchers) watcher();
}

function dismiss(id: number): void {
  publish(toasts.filter((item) => item.id !== id));
}

/** Says in a corner what was done, or why not and what to do next. */
export function toast(text: string, options: { note?: string; bad?: boolean } = {}): void {
  const id = nextId++;
  publish([...toasts.slice(-3), { id, text, ...options }]);
  setTimeout(() => dismiss(id), options.bad ? 12_000 : 5_000);
}

export function Toasts() {
  const items = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {items.map((item) => (
        <div key={item.id} className={item.bad ? 'toast bad' : 'toast'}>
          <div className="grow">
            <div>{item.text}</div>
            {item.note ? <div className="dim">{item.note}</div> : null}
          </div>
          <button type="button" className="icon-btn" aria-label="Dismiss" onClick={() => dismiss(item.id)}>
            <IconX size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}
