import type { Card } from './card.contract.ts';

type Figure = { value: number | null; lower: number | null; upper: number | null };

/** The card as Markdown. What people wrote is escaped, so that a name cannot become markup. */
export function cardMarkdown(card: Card): string {
  const sections = [
    [
      `# ${text(card.model)}, version ${card.version}`,
      card.description === '' ? null : text(card.description),
    ],
    ['## What it is', table(['', ''], whatItIs(card))],
    ['## Training data', dataOf(card)],
    ['## Features', featuresOf(card)],
    ['## Training', trainingOf(card)],
    ['## Evaluation', evaluationOf(card)],
    ['## Gate', gateOf(card)],
    ['## Approvals', approvalsOf(card)],
    ['## Deployments', deploymentsOf(card)],
    ['## Limits, and what is not known', list(card.limits.map(text))],
    ['## Evidence', evidenceOf(card)],
  ];
  return `${sections.map((parts) => parts.filter((part) => part !== null).join('\n\n')).join('\n\n')}\n`;
}

/** Text of people, harmless in Markdown and HTML. */
function text(value: string): string {
  return value
    .replace(/\s+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/[\\`*_[\]|#]/g, '\\$&')
    .trim();
}

const code = (value: string) => `\`${value.replace(/[`|\n]/g, ' ')}\``;
const list = (items: readonly string[]) => items.map((item) => `- ${item}`).join('\n');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function number(value: number | null): string {
  return value === null ? 'not enough data' : String(Number(value.toPrecision(4)));
}

function figure({ value, lower, upper }: Figure): string {
  if (value === null) return number(value);
  return lower === null || upper === null
    ? `${number(value)} (no interval)`
    : `${number(value)} (${number(lower)} to ${number(upper)})`;
}

function whatItIs(card: Card): string[][] {
  const { risk } = card;
  return [
    ['Owner', text(card.owner)],
    [
      'Risk',
      risk === null
        ? 'not rated'
        : `${risk.severity}: probability ${risk.probability} × impact ${risk.impact} = ${risk.score}`,
    ],
    ['Digest', code(card.digest)],
    ['Size', `${card.size} bytes of ONNX`],
    ['Registered', `${card.registeredAt} by ${text(card.registeredBy)}`],
    ['Source', text(card.source) || 'not stated'],
    ['Aliases', card.aliases.map(text).join(', ') || 'none'],
    ['Takes', card.inputs.map(tensor).join(', ')],
    ['Gives', card.outputs.map(tensor).join(', ')],
  ];
}

function tensor({ name, datatype, shape }: Card['inputs'][number]): string {
  return `${code(name)} ${datatype} [${shape?.join(', ') ?? 'any shape'}]`;
}

function dataOf({ data }: Card): string {
  if (!data) return 'Not on record.';
  const span = data.timeFrom && data.timeTo ? `${data.timeFrom} to ${data.timeTo}` : 'no event time';
  return table(
    ['', ''],
    [
      ['Dataset', `${text(data.dataset)}, version ${data.version}`],
      ['Digest', code(data.digest)],
      ['Rows', String(data.rows)],
      ['Time', span],
      ['Source', text(data.source) || 'not stated'],
      ['Validation', data.validation ? code(data.validation) : 'none on record'],
      ['Columns', data.columns.map((column) => `${code(column.name)} ${column.type}`).join(', ')],
    ],
  );
}

function featuresOf({ features }: Card): string {
  if (!features) return 'No feature service on record.';
  const rows = features.features.map(({ name, description, definition }) => [
    code(name),
    text(description),
    code(JSON.stringify(definition ?? null)),
  ]);
  const about = `Service ${text(features.service)}, ${code(features.digest)}; label ${features.label === null ? 'none' : code(features.label)}.`;
  return `${about}\n\n${table(['feature', 'what it says', 'definition'], rows)}`;
}

function trainingOf({ run, pipelineRun }: Card): string {
  if (!run) return 'No run on record.';
  const pairs = (values: Record<string, unknown>) =>
    Object.entries(values)
      .map(([key, value]) => `${text(key)} = ${value === null ? 'none' : code(String(value))}`)
      .join(', ') || 'none';
  return table(
    ['', ''],
    [
      ['Run', `${code(run.id)} ${text(run.name)} in ${text(run.experiment)}, by ${text(run.actor)}`],
      ['Pipeline run', pipelineRun === null ? 'none' : code(pipelineRun)],
      ['When', `${run.startedAt} to ${run.endedAt ?? 'not ended'}`],
      ['Parameters', pairs(run.params)],
      ['Metrics in training', pairs(run.metrics)],
      ['Environment', pairs(run.environment)],
    ],
  );
}

function evaluationOf({ evaluation }: Card): string {
  if (!evaluation) return 'None on record.';
  const { figures, versusBaseline, versusChampion, slices } = evaluation;
  const about = `On ${evaluation.rows} held-out rows with ${evaluation.positives} positives${evaluation.timeFrom ? `, ${evaluation.timeFrom} to ${evaluation.timeTo}` : ''} (${code(evaluation.testDigest)}), evaluation ${code(evaluation.id)}. Intervals are 95 %.`;
  const main = Object.entries(figures).map(([name, value]) => [
    name,
    figure(value),
    versusBaseline[name] ? figure(versusBaseline[name]) : '–',
    versusChampion?.[name] ? figure(versusChampion[name]) : 'no champion to compare with',
  ]);
  const further = `Calibration error ${number(evaluation.calibrationError)}. One row takes ${number(evaluation.latency.p50)} ms (p50), ${number(evaluation.latency.p99)} ms (p99).`;
  const bySlice = slices.map((slice) => [
    `${text(slice.column)} = ${text(slice.value)}`,
    String(slice.rows),
    figure(slice.auc),
    figure(slice.logLoss),
    slice.versusChampion ? figure(slice.versusChampion) : '–',
  ]);
  const important = evaluation.importance.map((one) => [
    code(one.feature),
    number(one.auc),
    number(one.logLoss),
  ]);
  return [
    about,
    table(['figure', 'this version', 'minus baseline', 'minus champion'], main),
    further,
    slices.length > 0 && table(['slice', 'rows', 'AUC', 'log loss', 'log loss minus champion'], bySlice),
    important.length > 0 &&
      `What it loses when a feature is shuffled:\n\n${table(['feature', 'AUC', 'log loss'], important)}`,
  ]
    .filter((part) => part !== false)
    .join('\n\n');
}

function gateOf({ verdict }: Card): string {
  if (!verdict) return 'No verdict on record.';
  const rows = verdict.checks.map((check) => [
    check.name,
    check.decision,
    check.value === null ? '–' : `${number(check.value)} ${text(check.unit)}`,
    check.bound === null ? '–' : number(check.bound),
    text(check.reason),
  ]);
  const champion = verdict.champion ? `against version ${verdict.champion.version}` : 'without a champion';
  return `**${verdict.decision}**, ${verdict.createdAt}, ${champion}.\n\n${table(['check', 'result', 'value', 'bound', 'reason'], rows)}`;
}

function approvalsOf({ approvals }: Card): string {
  if (approvals.length === 0) return 'None was asked for.';
  return list(
    approvals.map(({ id, state, policy, environment, requester, decisions }) => {
      const said = decisions.map(
        ({ actor, decision, reason, time }) =>
          `${text(actor)}: ${decision} at ${time}${reason === '' ? '' : `, “${text(reason)}”`}`,
      );
      return `${state}: ${code(id)} to ${text(environment ?? '')} under ${text(policy ?? '')}, asked by ${text(requester)}. ${said.join('; ') || 'Nobody has decided.'}`;
    }),
  );
}

function deploymentsOf({ deployments }: Card): string {
  if (deployments.length === 0) return 'Never deployed.';
  return list(
    deployments.map(({ deployment, environment, revision, createdAt, serves, rollouts }) => {
      const ways = rollouts.map(
        ({ state, reason }) => `${state}${reason === '' ? '' : ` (${text(reason)})`}`,
      );
      return `${text(deployment)} in ${text(environment)}${serves ? ', **serves now**' : ''}: ${code(revision)}, ${createdAt}. Rollouts: ${ways.join('; ') || 'none'}`;
    }),
  );
}

function evidenceOf({ evidence, generatedAt }: Card): string {
  const rows = evidence.map(({ event, type, subject, time }) => [time, type, code(subject), code(event)]);
  return `Made from the record at ${generatedAt}; nothing was filled in by hand. \`houston audit verify\` proves the record.\n\n${table(['time', 'event', 'subject', 'id'], rows)}`;
}
