import { Button, Textarea } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useState } from 'react';
import { Markdown } from '../../ui/markdown.tsx';

type InPlaceTextProps = {
  /** What the text is, for the button and the field: "Description". */
  name: string;
  text: string;
  save: (text: string) => Promise<unknown>;
};

/** A text, read as Markdown, that is changed where it stands. */
export function InPlaceText({ name, text, save }: InPlaceTextProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  if (draft === null) {
    return (
      <div className="in-place">
        {text === '' ? <span className="dim">–</span> : <Markdown text={text} />}
        <button
          type="button"
          className="icon-btn"
          aria-label={`Change ${name.toLowerCase()}`}
          title={`Change ${name.toLowerCase()}`}
          onClick={() => setDraft(text)}
        >
          <IconPencil size={13} />
        </button>
      </div>
    );
  }
  const keep = () => {
    setBusy(true);
    // What the server refused stays in the field; its answer stands in the corner.
    save(draft)
      .then(() => setDraft(null))
      .catch(() => undefined)
      .finally(() => setBusy(false));
  };
  return (
    <div className="stack" style={{ padding: '4px 0' }}>
      <Textarea
        aria-label={name}
        autosize
        minRows={2}
        maxRows={14}
        maxLength={20_000}
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setDraft(null);
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) keep();
        }}
        autoFocus
      />
      <div className="row">
        <Button loading={busy} onClick={keep}>
          Save
        </Button>
        <Button variant="default" onClick={() => setDraft(null)}>
          Keep as it is
        </Button>
      </div>
    </div>
  );
}
