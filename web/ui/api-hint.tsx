import { Popover } from '@mantine/core';
import { IconTerminal2 } from '@tabler/icons-react';
import { CodeBlock } from './code-block.tsx';

export type ApiHintProps = {
  /** Path of the API, with its query. */
  path: string;
  method?: string;
  body?: string;
  /** The command that does the same, without `npx`. */
  cli?: string;
};

/** Shows the API call and the command that give what the page shows. */
export function ApiHint({ path, method = 'GET', body, cli }: ApiHintProps) {
  const verb = method === 'GET' ? '' : ` -X ${method}`;
  const send = body ? ` -H 'content-type: application/json' -d '${body}'` : '';
  return (
    <Popover width={520} position="bottom-end">
      <Popover.Target>
        <button
          type="button"
          className="icon-btn"
          aria-label="API call and command"
          title="API call and command"
        >
          <IconTerminal2 size={16} />
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <div className="stack">
          <div className="dim small">The same over HTTP</div>
          <CodeBlock code={`curl${verb}${send} '${window.location.origin}${path}'`} />
          {cli ? (
            <>
              <div className="dim small">and on the command line</div>
              <CodeBlock code={`npx ${cli}`} />
            </>
          ) : null}
          <a className="small" href="/docs" target="_blank" rel="noreferrer">
            Browse the whole API
          </a>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
