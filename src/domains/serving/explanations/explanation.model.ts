import { permutationCoalitions } from '../../../math/shapley/permutation.ts';
import type {
  ExplanationReplyBody,
  ExplanationSettingsInput,
  ReasonCodeReply,
} from './explanation.contract.ts';

export type Method = ExplanationReplyBody['method'];
export type Settings = Required<ExplanationSettingsInput>;

export const defaultSettings: Settings = {
  method: 'auto',
  link: 'identity',
  background: 100,
  budget: 200_000,
  seed: 1,
  timeLimitMs: 30_000,
  upstream: false,
};

/** Features that vary, up to which `auto` takes all coalitions. */
export const mostEnumerated = 12;

/** How an explanation is worked out. */
export type Plan = {
  method: Method;
  /** Coalitions that it asks for. */
  coalitions: number;
  /** Orders of the permutation method, each with its reverse. */
  pairs: number;
  reason: string;
};

/**
 * The method for a row in which `players` features differ from the background. `auto` takes all coalitions where they
 * are few and `rowMs`, the cost of scoring a row, lets them fit half the time limit.
 */
export function planOf(settings: Settings, players: number, rows: number, rowMs: number): Plan {
  const { method, budget, timeLimitMs } = settings;
  const all = 2 ** players;
  const vary = `${players} ${players === 1 ? 'feature varies' : 'features vary'}`;
  const enumerate = (reason: string): Plan => ({ method: 'exact', coalitions: all, pairs: 0, reason });
  const affordable = Math.floor(budget / rows);
  if (method === 'exact') return enumerate(`Asked for; ${vary}, which makes ${all} coalitions.`);
  if (method === 'kernel') {
    const coalitions = Math.min(all, Math.max(affordable, 4 * players, 80));
    const part = coalitions === all ? 'all of them are taken' : `${coalitions} of them are drawn`;
    return { method, coalitions, pairs: 0, reason: `Asked for; of ${all} coalitions ${part}.` };
  }
  const fits = all * rows * rowMs <= timeLimitMs / 2;
  if (method === 'auto' && players <= mostEnumerated && fits) {
    return enumerate(`${vary} between this row and the background, so all ${all} coalitions are taken.`);
  }
  const pairs = Math.max(2, Math.floor((affordable - 2) / (2 * Math.max(1, players - 1))));
  const drawn = `${pairs} orders are drawn, each with its reverse`;
  const why =
    method === 'permutation'
      ? 'Asked for'
      : players > mostEnumerated
        ? `${vary}, more than the ${mostEnumerated} whose coalitions are all taken`
        : `All ${all} coalitions would not fit the time limit`;
  return {
    method: 'permutation',
    coalitions: permutationCoalitions(players, pairs),
    pairs,
    reason: `${why}; ${drawn}.`,
  };
}

export type Contribution = ExplanationReplyBody['features'][number];

/** The features that moved the score, the strongest first, each as a sentence; `texts` are the declared ones. */
export function reasonCodes(
  features: readonly Contribution[],
  link: Settings['link'],
  texts: Readonly<Record<string, string>>,
): ReasonCodeReply[] {
  const all = features.reduce((sum, { contribution }) => sum + Math.abs(contribution), 0);
  const scale = link === 'logit' ? 'log-odds' : 'score';
  return features
    .filter(({ contribution }) => contribution !== 0)
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution) || (a.name < b.name ? -1 : 1))
    .map(({ name, value, usual, contribution }, i) => {
      const share = Math.abs(contribution) / all;
      const direction = contribution > 0 ? ('raises' as const) : ('lowers' as const);
      const is = value === null ? `${name} is missing, which` : `${name} = ${figure(value)}`;
      const than = usual === null ? '' : `; usual is ${figure(usual)}`;
      const by = `${figure(Math.abs(contribution))} (${percent(share)} of all effects)`;
      return {
        rank: i + 1,
        feature: name,
        value,
        contribution,
        share,
        direction,
        sentence: `${is} ${direction} the ${scale} by ${by}${than}.`,
        text: Object.hasOwn(texts, name) ? texts[name] : null,
      };
    });
}

/** Four digits that count, without a tail of zeros. */
function figure(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15
    ? String(value)
    : String(Number(value.toPrecision(4)));
}

function percent(share: number): string {
  const rounded = Math.round(share * 100);
  return rounded === 0 ? 'under 1 %' : `${rounded} %`;
}
