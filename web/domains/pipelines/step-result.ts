import type { JsonObject, PipelineStep } from '../../api/types.ts';
import { brief, group, metric, plural, utc } from '../../ui/format.ts';
import { signed } from '../../ui/signed.ts';
import { wordOf } from '../../ui/state.tsx';

type Outputs = JsonObject;

const number = (value: unknown) => (typeof value === 'number' ? value : null);
const rows = (value: unknown) => (typeof value === 'number' ? `${group(value)} rows` : '');
const length = (value: unknown) => (Array.isArray(value) ? value.length : 0);
const joined = (...parts: (string | false | null | undefined)[]) => parts.filter(Boolean).join(' · ');

/** What each kind of step made, in the words of its reader. */
const words: Record<string, (outputs: Outputs) => string> = {
  'data/validate': ({ version, rows: n, failed }) =>
    joined(
      `version ${brief(version)}`,
      rows(n),
      number(failed) === 0 ? 'every expectation holds' : `${brief(failed)} expectations failed`,
    ),
  'features/training-set': ({ rows: n, columns, timeFrom, timeTo }) =>
    joined(
      rows(n),
      plural(length(columns), 'feature'),
      `${utc(text(timeFrom), 'day')} to ${utc(text(timeTo), 'day')}`,
    ),
  'data/split-by-time': ({ rows: parts }) =>
    Object.entries((parts ?? {}) as JsonObject)
      .map(([part, n]) => `${rows(n)} to ${part}`)
      .join(' · '),
  'experiments/train': ({ metrics }) => {
    const found = (metrics ?? {}) as JsonObject;
    return joined(
      `training AUC ${metric(number(found['train.auc']))}`,
      `log loss ${metric(number(found['train.logLoss']))}`,
      rows(found['train.rows']),
    );
  },
  'registry/evaluate': ({ metrics, aucVersusChampion, aucVersusBaseline, rows: n }) =>
    joined(
      `AUC ${metric(number((metrics as JsonObject | null)?.auc))}`,
      number(aucVersusChampion) !== null && `${signed(aucVersusChampion as number, 3)} to the champion`,
      number(aucVersusBaseline) !== null && `${signed(aucVersusBaseline as number, 3)} to the baseline`,
      rows(n),
    ),
  'registry/register': ({ model, version }) => `${brief(model)} version ${brief(version)}`,
  'registry/gate': ({ decision, checks }) => {
    const all = (Array.isArray(checks) ? checks : []) as JsonObject[];
    const passed = all.filter((check) => check.decision === 'pass').length;
    return joined(brief(decision), `${passed} of ${plural(all.length, 'check')} passed`);
  },
  'serving/deploy': ({ deployment, state }) => joined(brief(deployment), state ? wordOf(String(state)) : ''),
};

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** What a step made, what it does now, or why it failed; one line. */
export function stepResult(step: PipelineStep): string {
  if (step.error) return typeof step.error === 'string' ? step.error : step.error.message;
  if (step.state === 'running')
    return joined(step.progress ? `${Math.round(step.progress * 100)} %` : '', step.note);
  const outputs = step.outputs ?? {};
  if (Object.keys(outputs).length === 0) return '';
  const known = words[step.uses ?? ''];
  if (known) return known(outputs);
  return Object.entries(outputs)
    .filter(([, value]) => value !== null && typeof value !== 'object')
    .map(([key, value]) => `${key} ${brief(value, 28)}`)
    .join(' · ');
}

/** Why the step ran and its last result was not taken from the cache, in a few words. */
export function whyItRan(step: PipelineStep): string {
  const { cache } = step;
  if (!cache || step.startedAt === null || step.startedAt === undefined) return '';
  if (cache.hit) return 'it did not: from the cache';
  if (!cache.key) return 'runs every time';
  const reasons = [...new Set((cache.why ?? []).map(reasonWords))];
  const [first = 'the first run of this kind', ...more] = reasons;
  return more.length > 0 ? `${first}, and ${more.length} more` : first;
}

/** "input.table.digest was "sha256:1…", is "sha256:2…"" → "table is another". */
function reasonWords(line: string): string {
  if (line.startsWith('This step has not run')) return 'its first run';
  const plain = line.replace(/^input\./, '').replaceAll(/"|sha256:/g, '');
  const bytes = /^(.+?)\.(?:digest|size) /.exec(plain)?.[1];
  return bytes ? `${bytes.replace(/^parts\..*/, 'its data')} is another` : plain;
}
