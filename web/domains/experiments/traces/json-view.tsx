import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import type { Json } from '../../../api/types.ts';
import { plural } from '../../../ui/format.ts';

const MOST_ITEMS = 50;
const MOST_TEXT = 2_000;

/** Any JSON as a tree that opens and closes; everything in it is text, however it looks. */
export function JsonView({ value }: { value: Json }) {
  return (
    <div className="json">
      {typeof value === 'string' ? <LongText text={value} /> : <Value value={value} depth={0} />}
    </div>
  );
}

function Value({ value, depth }: { value: Json; depth: number }) {
  if (value === null) return <span className="faint">null</span>;
  if (typeof value === 'string') return <LongText text={value} />;
  if (typeof value !== 'object') return <span className="json-plain">{String(value)}</span>;
  const entries = Object.entries(value);
  if (entries.length === 0) return <span className="faint">{Array.isArray(value) ? '[ ]' : '{ }'}</span>;
  return <Entries entries={entries} depth={depth} />;
}

function Entries({ entries, depth }: { entries: [string, Json][]; depth: number }) {
  const [most, setMost] = useState(MOST_ITEMS);
  return (
    <div className="json-block">
      {entries.slice(0, most).map(([key, value]) => (
        <Entry key={key} name={key} value={value} depth={depth} />
      ))}
      {entries.length > most ? (
        <MoreButton onClick={() => setMost(most * 10)}>
          {plural(entries.length - most, 'more entry', 'more entries')}
        </MoreButton>
      ) : null}
    </div>
  );
}

function Entry({ name, value, depth }: { name: string; value: Json; depth: number }) {
  const size = typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
  const [open, setOpen] = useState(depth < 2 && size <= MOST_ITEMS);
  if (size === 0) {
    return (
      <div className="json-entry">
        <span className="json-key">{name}</span>
        <Value value={value} depth={depth + 1} />
      </div>
    );
  }
  return (
    <div>
      <button type="button" className="json-open" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? <IconChevronDown size={11} /> : <IconChevronRight size={11} />}
        <span className="json-key">{name}</span>
        <span className="faint">{Array.isArray(value) ? plural(size, 'item') : plural(size, 'key')}</span>
      </button>
      {open ? <Value value={value} depth={depth + 1} /> : null}
    </div>
  );
}

/** Text as it is, its lines kept; what is very long opens on demand. */
export function LongText({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  if (text === '') return <span className="faint">empty text</span>;
  const isCut = text.length > MOST_TEXT && !whole;
  return (
    <span className="json-text">
      {isCut ? `${text.slice(0, MOST_TEXT)}…` : text}
      {isCut ? (
        <MoreButton onClick={() => setWhole(true)}>all {plural(text.length, 'character')}</MoreButton>
      ) : null}
    </span>
  );
}

function MoreButton({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <button type="button" className="json-more" onClick={onClick}>
      Show {children}
    </button>
  );
}
