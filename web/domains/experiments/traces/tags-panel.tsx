import { api, path } from '../../../api/client.ts';
import { useAct } from '../../../api/hooks.ts';
import type { Trace } from '../../../api/types.ts';
import { KeyValue } from '../../../ui/key-value.tsx';
import { Panel } from '../../../ui/panel.tsx';
import { TagEditor } from '../../../ui/tag-editor.tsx';
import { LongText } from './json-view.tsx';
import { ownTags } from './trace-words.ts';

/** Tags, which people change, and metadata, which stay as the program gave them. */
export function TagsPanel({ trace }: { trace: Trace }) {
  const target = (key: string) => path`/api/experiments/traces/${trace.id}/tags/${key}`;
  const set = useAct(([key, value]: [string, string]) => api.put(target(key), { value }), {
    refresh: ['experiments', 'traces'],
    done: (_reply, [key]) => `The tag ${key} is set.`,
  });
  const remove = useAct((key: string) => api.remove(target(key)), {
    refresh: ['experiments', 'traces'],
    quiet: true,
    done: (_reply, key) => `The tag ${key} is removed.`,
  });
  const metadata = Object.entries(trace.metadata);
  return (
    <Panel title="Tags and metadata" span={7}>
      <TagEditor
        tags={ownTags(trace.tags)}
        set={(key, value) => set.mutateAsync([key, value])}
        remove={(key) => remove.mutateAsync(key)}
        what="this trace"
      />
      {metadata.length > 0 ? (
        <div className="traces-metadata">
          <KeyValue items={metadata.map(([key, value]) => [key, <LongText key={key} text={value} />])} />
        </div>
      ) : null}
    </Panel>
  );
}
