import type { Deployment, DeploymentSpec } from '../../api/types.ts';

type Declared = NonNullable<DeploymentSpec['rollout']>;
type RolloutSettings = Required<Omit<Declared, 'stickyParameter' | 'latencyObjectiveMs'>> & {
  /** Null: from the champion's latency when a rollout starts. */
  latencyObjectiveMs: number | null;
};

export const lossWords = { brier: 'Brier score', 'log-loss': 'log loss' } as const;

/** What a deployment declares about rollouts, with the safe defaults filled in. */
export function rolloutSettings(spec: DeploymentSpec | undefined): RolloutSettings {
  const own: Declared = spec?.rollout ?? {};
  const loss = own.loss ?? 'brier';
  return {
    strategy: own.strategy ?? 'canary',
    steps: own.steps ?? [10, 50],
    shadowRequests: own.shadowRequests ?? 50,
    minimumRequests: own.minimumRequests ?? 100,
    minimumLabelled: own.minimumLabelled ?? 200,
    requireLabels: own.requireLabels ?? true,
    loss,
    margin: own.margin ?? (loss === 'brier' ? 0.01 : 0.03),
    alpha: own.alpha ?? 0.05,
    latencyObjectiveMs: own.latencyObjectiveMs ?? null,
    timeoutMinutes: own.timeoutMinutes ?? 7 * 24 * 60,
  };
}

/** What a deployment of another version will do, step by step, in the words of the page. */
export function whatWillHappen(deployment: Deployment | undefined, wanted: string): string[] {
  const settings = rolloutSettings(deployment?.spec);
  const checked = `${wanted[0]?.toUpperCase() ?? ''}${wanted.slice(1)} is opened aside, checked against its signature and warmed up. Nothing changes for callers.`;
  if (!deployment?.champion) {
    return [checked, 'It is the first version here, so it answers every request at once.'];
  }
  const now = `version ${deployment.champion.version}`;
  const policy = 'If a policy asks for an approval, it waits for that.';
  if (settings.strategy === 'immediate') {
    return [checked, policy, `It replaces ${now} at the next request. One click goes back.`];
  }
  return [
    checked,
    policy,
    `It scores ${settings.shadowRequests} requests in the shadow of ${now}; callers see only ${now}.`,
    ...settings.steps.map(
      (step) => `It answers ${step} % of the requests, for at least ${settings.minimumRequests} of them.`,
    ),
    settings.requireLabels
      ? `It becomes the champion when at least ${settings.minimumLabelled} requests have outcomes and its ${lossWords[settings.loss]} is surely not worse by more than ${settings.margin}.`
      : 'It becomes the champion; outcomes are not asked for.',
    `At any moment: more errors, invalid outputs, slow answers or a higher loss, surely at ${settings.alpha * 100} % in all, and ${now} takes every request back by itself.`,
  ];
}
