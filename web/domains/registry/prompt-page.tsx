import { Select } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ApiError } from '../../api/client.ts';
import type { List, Model, ModelVersion } from '../../api/types.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { ago, plural, utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { TagEditor } from '../../ui/tag-editor.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { AliasList } from './alias-list.tsx';
import { InPlaceText } from './in-place-text.tsx';
import { ownTags, useNotes } from './notes.ts';
import { type DiffLine, diffLines, promptText, promptVariables } from './prompts.ts';
import { Aliases } from './version-bits.tsx';

type PromptPageProps = { model: Model; versions: UseQueryResult<List<ModelVersion>, ApiError> };

/** A prompt: its text, what changed between versions, and the aliases that programs load it by. */
export function PromptPage({ model, versions }: PromptPageProps) {
  const { name } = model;
  return (
    <Page
      title={name}
      crumbs={[{ label: 'Prompts', to: '/registry?show=prompts' }]}
      subject={`model:${name}`}
      state={<span className="tag">prompt</span>}
      api={{ path: `/api/registry/models/${encodeURIComponent(name)}/versions` }}
    >
      <Loaded query={versions} height={320}>
        {({ items }) =>
          items.length === 0 ? <NoVersion name={name} /> : <Content model={model} versions={items} />
        }
      </Loaded>
    </Page>
  );
}

function NoVersion({ name }: { name: string }) {
  return (
    <Panel>
      <Empty
        title="No version yet"
        command={`mlflow.genai.register_prompt(name=${JSON.stringify(name)}, template="Hello {{name}}")`}
      />
    </Panel>
  );
}

function Content({ model, versions }: { model: Model; versions: ModelVersion[] }) {
  const [wanted, setWanted] = useUrlState('version', String(versions[0]?.version ?? ''));
  const [against, setAgainst] = useUrlState('against');
  const shown = versions.find(({ version }) => String(version) === wanted) ?? versions[0];
  const other = versions.find(({ version }) => String(version) === against);
  const notes = useNotes(model.name);
  const ofVersion = useNotes(model.name, shown?.version);
  if (!shown) return null;
  const text = promptText(shown);
  const variables = promptVariables(text);
  const others = versions.filter(({ version }) => version !== shown.version);
  return (
    <>
      <Panel title="Versions" note="newest first" span={5} flush>
        <div className="prompt-versions">
          {versions.map((version) => (
            <button
              key={version.version}
              type="button"
              className="prompt-version"
              aria-pressed={version.version === shown.version}
              onClick={() => setWanted(String(version.version))}
            >
              <b>{version.version}</b>
              <span className="truncate grow">{version.description || <span className="faint">–</span>}</span>
              {version.aliases.length > 0 ? <Aliases aliases={version.aliases} /> : null}
              <span className="dim small nowrap" title={`${utc(version.createdAt)} UTC by ${version.actor}`}>
                {ago(version.createdAt)}
              </span>
            </button>
          ))}
        </div>
      </Panel>
      <Panel
        title={`Version ${shown.version}`}
        note={variables.length > 0 ? `fills ${variables.join(', ')}` : 'without variables'}
        span={7}
        actions={
          <Select
            aria-label="Compare with"
            placeholder="Compare with"
            clearable
            w={150}
            data={others.map(({ version }) => ({ value: String(version), label: `version ${version}` }))}
            value={other && other.version !== shown.version ? String(other.version) : null}
            onChange={(value) => setAgainst(value ?? '')}
          />
        }
      >
        <div className="stack">
          {other && other.version !== shown.version ? (
            <Difference lines={diffLines(promptText(other), text)} from={other.version} to={shown.version} />
          ) : (
            <CodeBlock code={text} maxHeight={520} />
          )}
          <KeyValue
            items={[
              [
                'Change',
                <InPlaceText
                  key={shown.version}
                  name="What changed"
                  text={shown.description}
                  save={ofVersion.describe}
                />,
              ],
              ['Model', shown.tags._mlflow_prompt_model_config],
              ['By', shown.actor],
            ]}
          />
          <CodeBlock code={`mlflow.genai.load_prompt("prompts:/${model.name}/${shown.version}")`} />
        </div>
      </Panel>
      <Panel title="About">
        <KeyValue
          items={[
            [
              'Description',
              <InPlaceText key="d" name="Description" text={model.description} save={notes.describe} />,
            ],
            [
              'Aliases',
              <AliasList
                key="a"
                model={model}
                versions={versions.map(({ version }) => version)}
                suggestions={['production', 'staging']}
              />,
            ],
            [
              'Tags',
              <TagEditor
                key="t"
                tags={ownTags(model.tags)}
                set={notes.setTag}
                remove={notes.removeTag}
                what={`the prompt ${model.name}`}
              />,
            ],
          ]}
        />
      </Panel>
    </>
  );
}

const signs = { same: ' ', removed: '−', added: '+' };

function Difference({ lines, from, to }: { lines: DiffLine[]; from: number; to: number }) {
  const changed = (kind: DiffLine['kind']) => lines.filter((line) => line.kind === kind).length;
  return (
    <div>
      <div className="dim small">
        From version {from} to {to}: {plural(changed('removed'), 'line')} removed,{' '}
        {plural(changed('added'), 'line')} added
      </div>
      <pre className="code prompt-diff">
        {lines.map(({ kind, text }, at) => {
          // Lines have no identity but their place.
          const place = `${at} ${kind}`;
          return (
            <span key={place} className={`prompt-line ${kind}`}>
              <span aria-hidden="true">{signs[kind]} </span>
              {kind === 'same' ? null : <span className="sr-only">{kind}: </span>}
              {text || ' '}
            </span>
          );
        })}
      </pre>
    </div>
  );
}
