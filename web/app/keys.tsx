import { Modal, useMantineColorScheme } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { domains } from './domains.ts';

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}

/** Keys that work on every page. */
export function useKeys(actions: { palette: () => void; help: () => void }): void {
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const state = useRef({ actions, colorScheme });
  state.current = { actions, colorScheme };
  /** When `g` was pressed; the letter that says where to follows it. */
  const going = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        state.current.actions.palette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      if (event.timeStamp - going.current < 1_200) {
        const to =
          event.key === 'o'
            ? '/'
            : event.key === 'l'
              ? '/ledger'
              : domains.find((domain) => domain.jump === event.key)?.to;
        going.current = Number.NEGATIVE_INFINITY;
        if (to) {
          event.preventDefault();
          void navigate({ to });
        }
        return;
      }
      if (event.key === 'g') going.current = event.timeStamp;
      else if (event.key === '?') state.current.actions.help();
      else if (event.key === 't') setColorScheme(state.current.colorScheme === 'dark' ? 'light' : 'dark');
      else if (event.key === '/') {
        const filter = document.querySelector<HTMLInputElement>('[data-filter="true"]');
        if (filter) {
          event.preventDefault();
          filter.focus();
          filter.select();
        }
      }
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [navigate, setColorScheme]);
}

/** The list of keys. */
export function KeyHelp({ open, close }: { open: boolean; close: () => void }) {
  const rows: [string, string][] = [
    ['Ctrl K', 'Find any object or action'],
    ['/', 'Filter the list'],
    ['↑ ↓ Enter', 'Walk a table and open a row'],
    ['Esc', 'Close what is open'],
    ['t', 'Light or dark'],
    ['g o', 'Overview'],
    ...domains.map<[string, string]>((domain) => [`g ${domain.jump}`, domain.label]),
    ['g l', 'Ledger'],
    ['?', 'These keys'],
  ];
  return (
    <Modal opened={open} onClose={close} title="Keys" size="sm">
      <div className="keys">
        {rows.map(([keys, what]) => (
          <div key={keys} style={{ display: 'contents' }}>
            <span>
              {keys.split(' ').map((key) => (
                <span key={key} className="kbd" style={{ marginRight: 4 }}>
                  {key}
                </span>
              ))}
            </span>
            <span>{what}</span>
          </div>
        ))}
      </div>
    </Modal>
  );
}
