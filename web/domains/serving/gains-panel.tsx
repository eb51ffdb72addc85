import { Button } from '@mantine/core';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import type { Deployment } from '../../api/types.ts';
import { bytes, count, duration, metric, percent, plural } from '../../ui/format.ts';
import { Confirm } from '../../ui/overlay.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { toast } from '../../ui/toast.tsx';

/** What joining requests and keeping answers spare the model, and the switch of the cache. */
export function GainsPanel({ deployment }: { deployment: Deployment }) {
  const { batching, cache } = deployment;
  const reasons = uncachedReasons(deployment);
  return (
    <Panel
      title="Runs spared"
      note="by joining requests that come together, and by answers given again; since start"
      actions={<CacheActions deployment={deployment} />}
    >
      <div className="stack">
        <Stats>
          <Stat
            label="Rows per run"
            value={batching.rowsPerRun === null ? null : metric(batching.rowsPerRun, 2)}
            note={`${count(batching.requests)} requests in ${plural(batching.runs, 'run')}`}
            hint="Mean size of a batch: rows that went through the runtime in one run. Requests scored aside count too."
          />
          <Stat
            label="Joined"
            value={percent(batching.joinedShare)}
            note="of all requests"
            hint="Requests that shared a run with others that came at the same moment."
          />
          {cache === null ? (
            <Stat label="Cache" value="off" note="every request is run" />
          ) : (
            <>
              <Stat
                label="Cache hits"
                value={percent(cache.hitShare)}
                note={`${count(cache.hits)} of ${count(cache.hits + cache.misses)} requests`}
              />
              <Stat
                label="Time spared"
                value={duration(cache.savedMs)}
                note="of runs"
                hint="What the runs had taken whose answers were given again."
              />
              <Stat
                label="Answers kept"
                value={cache.entries}
                note={`${bytes(cache.bytes)} of ${bytes(cache.maxBytes)}`}
                hint={
                  cache.ttlSeconds === null
                    ? 'Until a new version comes or others need the room.'
                    : `Each for at most ${duration(cache.ttlSeconds * 1000)}.`
                }
              />
              <Stat
                label="Gave way"
                value={cache.evicted + cache.expired}
                note={`${count(cache.evicted)} for room, ${count(cache.expired)} for age`}
              />
            </>
          )}
        </Stats>
        {reasons.map((reason) => (
          <div key={reason} className="dim">
            {reason}
          </div>
        ))}
      </div>
    </Panel>
  );
}

function uncachedReasons({ route }: Deployment): string[] {
  return route.flatMap(({ arm, version, uncached }) =>
    uncached === null || arm === 'fallback' ? [] : [`Version ${version} is not cached. ${uncached}`],
  );
}

function CacheActions({ deployment: { name, cache } }: { deployment: Deployment }) {
  const [asked, ask] = useState<'clear' | 'switch' | null>(null);
  const target = path`/api/serving/deployments/${name}`;
  const close = () => ask(null);
  const declare = async (to: boolean) => {
    // As it is declared now, not as this page last saw it.
    const { spec } = await api.get<Deployment>(target);
    await api.put(target, { ...spec, cache: to });
    toast(to ? `${name} keeps its answers from now on.` : `${name} runs every request again.`);
  };
  return (
    <>
      {cache !== null && cache.entries > 0 ? (
        <Button variant="default" size="compact-sm" onClick={() => ask('clear')}>
          Clear cache
        </Button>
      ) : null}
      <Button variant="default" size="compact-sm" onClick={() => ask('switch')}>
        {cache === null ? 'Turn cache on' : 'Turn cache off'}
      </Button>
      <Confirm
        open={asked === 'clear'}
        close={close}
        title={`Forget the cached answers of ${name}`}
        verb="Clear cache"
        run={async () => {
          const cleared = await api.remove<{ entries: number }>(`${target}/cache`);
          toast(`${name} has forgotten ${plural(cleared.entries, 'answer')}.`);
        }}
      >
        Each input is run once more when it comes again. Recorded predictions stay as they are. On the command
        line: <code>houston cache {name} --clear</code>
      </Confirm>
      <Confirm
        open={asked === 'switch'}
        close={close}
        title={cache === null ? `Keep the answers of ${name}` : `Keep no answers of ${name} any more`}
        verb={cache === null ? 'Turn cache on' : 'Turn cache off'}
        run={() => declare(cache === null)}
      >
        {cache === null
          ? 'An input that a version has answered is answered again without a run, under an id of its own, until a new version comes. Right for models that give the same answer to the same input. '
          : 'What is kept is forgotten, and its bounds with it. '}
        What houston.yaml declares holds again at the next apply. On the command line:{' '}
        <code>
          houston cache {name} {cache === null ? '--on' : '--off'}
        </code>
      </Confirm>
    </>
  );
}
