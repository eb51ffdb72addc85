import { defineErrors } from '../../../platform/errors.ts';

export const explanationError = defineErrors({
  'serving.explanation.not_recorded': {
    status: 422,
    next: 'Explain the request instead: POST /api/serving/deployments/NAME/explain with its row.',
  },
  'serving.explanation.no_score': {
    status: 422,
    next: 'Explain a prediction that was answered with a score.',
  },
  'serving.explanation.unsupported': {
    status: 422,
    next: 'Declare a feature service for the deployment, or serve a model whose inputs are numbers.',
  },
  'serving.explanation.no_background': {
    status: 422,
    next: 'Send more requests to the deployment first; they are what a prediction is compared with.',
  },
  'serving.explanation.settings_invalid': { status: 400, next: 'Change the named setting.' },
  'serving.explanation.upstream_calls': {
    status: 409,
    next: 'Send "upstream": true when that server may be asked so often; a smaller background asks less.',
  },
  'serving.explanation.failed': {
    status: 422,
    next: 'Try another background size; when it fails again, look at the rows that the model refuses.',
  },
  'serving.explanation.timeout': {
    status: 422,
    next: 'Raise timeLimitMs, take a smaller background, or the method permutation.',
  },
  'serving.explanation.busy': { status: 429, next: 'Try again when the explanations ahead are done.' },
});
