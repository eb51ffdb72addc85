import { Button, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { Confirm } from './overlay.tsx';

type TagEditorProps = {
  tags: [string, string][];
  set: (key: string, value: string) => Promise<unknown>;
  remove: (key: string) => Promise<unknown>;
  /** Whose tags they are, as confirmations name it: "model m". */
  what: string;
};

/** Tags that are changed where they stand; each change is kept at once, removals are asked for. */
export function TagEditor({ tags, set, remove, what }: TagEditorProps) {
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const [removing, setRemoving] = useState<string | null>(null);
  const add = (event: FormEvent) => {
    event.preventDefault();
    const name = key.trim();
    if (name === '') return;
    void set(name, value).then(
      () => {
        setKey('');
        setValue('');
      },
      // The server's answer stands in the corner; what was typed stays.
      () => undefined,
    );
  };
  return (
    <div className="stack" style={{ gap: 4 }}>
      {tags.map(([tag, text]) => (
        <div key={tag} className="tag-line">
          <span className="truncate dim" title={tag}>
            {tag}
          </span>
          <TagValue key={text} tag={tag} text={text} save={(next) => set(tag, next).catch(() => undefined)} />
          <button
            type="button"
            className="icon-btn"
            aria-label={`Remove ${tag}`}
            onClick={() => setRemoving(tag)}
          >
            <IconX size={14} />
          </button>
        </div>
      ))}
      <form className="tag-line" onSubmit={add}>
        <TextInput
          placeholder="New tag"
          aria-label="New tag"
          maxLength={250}
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
        <TextInput
          placeholder="Value"
          aria-label="Value of the new tag"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={key.trim() === ''}>
          Add
        </Button>
      </form>
      <Confirm
        open={removing !== null}
        close={() => setRemoving(null)}
        title={`Remove the tag ${removing}`}
        verb="Remove"
        danger
        run={() => remove(removing ?? '')}
      >
        It goes from {what}; searches by it no longer find it.
      </Confirm>
    </div>
  );
}

function TagValue({ tag, text, save }: { tag: string; text: string; save: (text: string) => void }) {
  const [value, setValue] = useState(text);
  const keep = () => {
    if (value !== text) save(value);
  };
  return (
    <TextInput
      aria-label={`Value of ${tag}`}
      value={value}
      onChange={(event) => setValue(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(event) => {
        if (event.key === 'Enter') keep();
        if (event.key === 'Escape') setValue(text);
      }}
    />
  );
}
