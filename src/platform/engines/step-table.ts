import type { ProcessStepContext, StepResult } from './steps.ts';

export type ProcessStep = (context: ProcessStepContext) => Promise<StepResult>;

/** The domains that offer process steps; each holds them in `x.process-steps.ts`. Nothing else is ever loaded. */
const domains = [
  'data',
  'features',
  'pipelines',
  'experiments',
  'registry',
  'serving',
  'monitoring',
] as const;

/** The function of a process step `domain/verb`. Throws when no domain offers it. */
export async function loadProcessStep(name: string): Promise<ProcessStep> {
  const domain = domains.find((candidate) => name.startsWith(`${candidate}/`));
  if (!domain) throw new Error(`No domain offers the step ${name}.`);
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const path = new URL(`../../domains/${domain}/${domain}.process-steps.${extension}`, import.meta.url);
  const module = (await import(path.href)) as { processSteps?: Readonly<Record<string, ProcessStep>> };
  const step = module.processSteps && Object.hasOwn(module.processSteps, name) && module.processSteps[name];
  if (!step) throw new Error(`The domain ${domain} offers no process step ${name}.`);
  return step;
}
