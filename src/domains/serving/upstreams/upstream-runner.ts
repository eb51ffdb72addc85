import type { Runner } from '../runtime/runner.ts';
import { servingError } from '../serving.errors.ts';
import { type CircuitChange, createCircuit } from './circuit.ts';
import { mlflowModel } from './mlflow-model.ts';
import { openInferenceModel } from './open-inference-model.ts';
import { RemoteRefusal } from './remote-call.ts';
import type { KnownSignature, RemoteModel, Upstream } from './remote-model.ts';
import { beginCall } from './upstream-trace.ts';

/** Calls under way to one upstream; `limits.maxConcurrent` of a deployment says otherwise. */
const mostCalls = 128;

export type UpstreamNeeds = {
  model: string;
  signature: KnownSignature;
  timeoutMs: number;
  now: () => number;
  /** Hears when the upstream is given up for a while, and when it is back. */
  onChange: (change: CircuitChange) => void;
};

/**
 * Runs on another server. After five failures in a row it is left alone for a while, and requests fail (or go to the
 * fallback) at once instead of waiting for it.
 * @throws Error when the server does not show the model
 */
export async function openUpstreamRunner(upstream: Upstream, needs: UpstreamNeeds): Promise<Runner> {
  const base = upstream.url.replace(/\/+$/, '');
  const remote: RemoteModel =
    upstream.protocol === 'mlflow'
      ? await mlflowModel(base, needs.signature, needs.timeoutMs)
      : await openInferenceModel(base, upstream.model ?? needs.model, needs.timeoutMs);
  const circuit = createCircuit(needs.now, needs.onChange);
  return {
    placement: 'upstream',
    inputs: remote.inputs,
    outputs: remote.outputs,
    parallel: mostCalls,
    async run(feeds, trace) {
      if (!circuit.mayCall()) {
        throw servingError(
          'serving.upstream.resting',
          `The upstream has failed several times; it is tried again in ${Math.ceil(circuit.waitMs() / 1000)} s.`,
        );
      }
      const call = trace && beginCall(trace, upstream);
      try {
        const outputs = await remote.predict(feeds, call?.headers);
        call?.span?.end();
        circuit.succeeded();
        return outputs;
      } catch (error) {
        const reason = error instanceof Error ? error.message : 'The upstream failed.';
        call?.span?.fail(reason, error instanceof RemoteRefusal ? 'refused' : 'unavailable').end();
        if (error instanceof RemoteRefusal) {
          circuit.succeeded();
          throw servingError('serving.upstream.refused', reason);
        }
        circuit.failed(reason);
        throw servingError('serving.upstream.failed', reason);
      }
    },
    async close() {
      if (circuit.waitMs() > 0) needs.onChange({ isOpen: false, reason: 'Nobody asks it any more.' });
    },
  };
}
