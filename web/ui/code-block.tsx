import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useState } from 'react';
import { copyText } from './copy-id.tsx';

/** Text in the fixed-width face with a copy button; long lines wrap, the copy has them whole. */
export function CodeBlock({ code, maxHeight }: { code: string; maxHeight?: number }) {
  const [copied, setCopied] = useState(false);
  return (
    <div className="code-frame">
      <pre className="code" style={maxHeight ? { maxHeight } : undefined}>
        {code}
      </pre>
      <button
        type="button"
        className="icon-btn code-copy"
        aria-label="Copy"
        onClick={() =>
          void copyText(code).then((done) => {
            setCopied(done);
            setTimeout(() => setCopied(false), 1_200);
          })
        }
      >
        {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
      </button>
    </div>
  );
}

/** Any JSON value, indented. */
export function JsonBlock({ value, maxHeight = 320 }: { value: unknown; maxHeight?: number }) {
  return <CodeBlock code={JSON.stringify(value, null, 2) ?? 'null'} maxHeight={maxHeight} />;
}
