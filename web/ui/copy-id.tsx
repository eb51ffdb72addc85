import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { shortDigest } from './format.ts';
import { toast } from './toast.tsx';

/** Copies text; says so when the browser refuses. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    toast('The browser did not allow copying.', { bad: true, note: text });
    return false;
  }
}

/** An id that copies itself on click; `show` is what stands there (default: the whole id). */
export function CopyId({ id, show }: { id: string; show?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_200);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      className="copy"
      title={`${id}: copy`}
      onClick={(event) => {
        event.stopPropagation();
        event.preventDefault();
        void copyText(id).then(setCopied);
      }}
    >
      <span className="truncate">{show ?? id}</span>
      {copied ? <IconCheck size={12} /> : <IconCopy size={12} />}
    </button>
  );
}

/** The first twelve digits of a digest; copies the whole. */
export function Digest({ digest }: { digest: string | null | undefined }) {
  return digest ? <CopyId id={digest} show={shortDigest(digest)} /> : <span className="dim">–</span>;
}
