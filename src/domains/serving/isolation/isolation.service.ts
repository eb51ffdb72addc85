import { performance } from 'node:perf_hooks';
import { errorText } from '../../../platform/log.ts';
import { createProber, type Prober } from '../../../platform/onnx/probe/prober.ts';
import type { Scope } from '../../../platform/scope.ts';
import type { RuntimeSettings } from '../runtime/runner.ts';
import { servingError } from '../serving.errors.ts';
import { isolationReason } from './graph.model.ts';
import { insertProbe, isProbed } from './probes.store.ts';

export type Isolation = {
  /**
   * Makes sure that a model may be opened in this process: tries its bytes in a child process unless they have been
   * tried under this runtime before. Resolves to why it belongs into a process of its own, or null.
   * @throws serving.model.refused when it crashes, hangs or takes too much memory
   */
  assess(scope: Scope, model: AssessedModel, settings: RuntimeSettings): Promise<string | null>;
  close(): void;
};

export type AssessedModel = {
  digest: string;
  path: string;
  /** Count by operator, as the registry read them from the file. */
  operators: Readonly<Record<string, number>>;
};

/** Enough to see whether it runs at all; how fast is measured at warm-up. */
const runs = 2;
const mostKnown = 20_000;

/** What decides where a model may run, with a prober of its own. */
export function createIsolation(prober: Prober = createProber()): Isolation {
  const good = new Set<string>();
  const under = new Map<string, Promise<void>>();
  let runtime: Promise<string> | undefined;

  const tryOut = async (scope: Scope, { digest, path }: AssessedModel) => {
    runtime ??= import('onnxruntime-node').then(({ env }) => `onnxruntime-node ${env.versions.node}`);
    const name = await runtime;
    const isKnown = await isProbed(scope.platform.db, digest, name).catch(() => false);
    if (!isKnown) {
      const began = performance.now();
      const { failure, problem } = await prober.probe({ path, runs });
      if (failure !== null)
        throw servingError(
          'serving.model.refused',
          `The model was tried in a process of its own: ${problem}.`,
        );
      const took_ms = Math.round(performance.now() - began);
      await insertProbe(scope.platform.db, {
        digest,
        runtime: name,
        took_ms,
        created_at: scope.now(),
      }).catch((error) =>
        scope.log.warn('that a model was tried is not written down', { digest, error: errorText(error) }),
      );
    }
    if (good.size >= mostKnown) good.clear();
    good.add(digest);
  };

  return {
    async assess(scope, model, settings) {
      const { placement } = settings;
      if (placement === 'process') return null;
      const reason = placement === 'auto' ? isolationReason(model.operators) : null;
      // A process of its own needs no trial: it is one.
      if (reason !== null || good.has(model.digest)) return reason;
      let trial = under.get(model.digest);
      if (!trial) {
        trial = tryOut(scope, model).finally(() => under.delete(model.digest));
        under.set(model.digest, trial);
      }
      await trial;
      return null;
    },
    close: () => prober.close(),
  };
}
