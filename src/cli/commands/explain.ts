import { type Command, InvalidArgumentError, Option } from 'commander';
import type {
  ExplanationReplyBody,
  RunningReplyBody,
} from '../../domains/serving/explanations/explanation.contract.ts';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, dim, line, show, table } from '../output.ts';

type ExplainOptions = CommonOptions & {
  method?: string;
  link?: string;
  background?: number;
  timeLimit?: number;
  upstream?: boolean;
};

/** `houston explain ID`: how each feature moved the score of a recorded prediction. */
export function explainCommands(program: Command): void {
  common(
    program
      .command('explain')
      .description('explain a prediction by its features: Shapley values and reasons, the strongest first'),
  )
    .argument('<prediction-id>')
    .addOption(
      choice('--method <name>', 'default: by the number of features', ['exact', 'kernel', 'permutation']),
    )
    .addOption(
      choice('--link <name>', 'the score itself, or log-odds of a probability', ['identity', 'logit']),
    )
    .option('--background <rows>', 'recorded rows to compare with', number)
    .option('--time-limit <seconds>', 'give up, or stop sampling, after so long', number)
    .option('--upstream', 'also when another server runs the model, which then gets every call')
    .action(async (id: string, options: ExplainOptions) =>
      withClient(options, async (client) => {
        const { method, link, background, timeLimit, upstream } = options;
        const body = {
          ...(method !== undefined && { method }),
          ...(link !== undefined && { link }),
          ...(background !== undefined && { background }),
          ...(timeLimit !== undefined && { timeLimitMs: Math.round(timeLimit * 1000) }),
          ...(upstream && { upstream }),
        };
        const path = `/api/serving/predictions/${encodeURIComponent(id)}/explanation`;
        const ask = () => client.post<ExplanationReplyBody | RunningReplyBody>(path, body);
        let answer = await ask();
        while (answer.state === 'running') {
          const { done, total, waiting } = answer;
          if (process.stderr.isTTY)
            process.stderr.write(
              `\r${waiting > 0 ? `${waiting} ahead` : `${done} of ${total} rows scored`} `,
            );
          answer = await ask();
        }
        if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
        show(options.json, answer, printExplanation);
      }),
    );
}

const choice = (flags: string, description: string, choices: string[]) =>
  new Option(flags, description).choices(choices);

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number.');
  return value;
}

function printExplanation(explanation: ExplanationReplyBody): void {
  const { base, output, link, reasons, features, background, methodReason, method } = explanation;
  const scale = link === 'logit' ? 'log-odds' : 'score';
  const errors = new Map(features.map(({ name, standardError }) => [name, standardError]));
  line(
    `${bold(`${scale} ${short(output)}`)}, usually ${short(base)} ${dim(`${explanation.model}:${explanation.version}`)}`,
  );
  table(
    reasons.map(({ feature, value, contribution, share }) => ({
      feature,
      value: value === null ? 'missing' : Number(short(value)),
      [scale]: Number(short(contribution)),
      '±': explanation.exact ? null : Number((errors.get(feature) ?? 0).toPrecision(2)),
      share: `${(share * 100).toFixed(1)} %`,
    })),
    ['feature', 'value', scale, ...(explanation.exact ? [] : ['±']), 'share'],
  );
  line();
  for (const { rank, sentence, text } of reasons.slice(0, 5)) {
    line(`${rank}. ${text === null ? sentence : `${bold(text)}. ${sentence}`}`);
  }
  line(
    dim(
      `${method}: ${methodReason} Compared with ${background.rows} of ${background.of} rows: ${background.source}.`,
    ),
  );
}

const short = (value: number) => String(Number(value.toPrecision(4)));
