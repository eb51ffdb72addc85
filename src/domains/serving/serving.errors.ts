import { defineErrors } from '../../platform/errors.ts';

export const servingError = defineErrors({
  'serving.deployment.not_found': { status: 404, next: 'List the deployments at /api/serving/deployments.' },
  'serving.deployment.not_ready': {
    status: 503,
    next: 'Deploy a version, or wait until the first one is loaded.',
  },
  'serving.version.not_served': {
    status: 404,
    next: 'Leave the version out, or name the one that this deployment serves.',
  },
  'serving.model.reference_invalid': { status: 400, next: 'Write NAME, NAME:3 or NAME@alias.' },
  'serving.model.refused': {
    status: 422,
    next: 'Correct the model or its features and register a new version; nothing was changed.',
  },
  'serving.gate.refused': {
    status: 409,
    next: 'Read the verdict of the version: it names each check that failed, with its number and bound.',
  },
  'serving.revision.not_found': { status: 404, next: 'List the rollouts of the deployment.' },
  'serving.rollout.not_found': { status: 404, next: 'List the rollouts of the deployment.' },
  'serving.rollout.running': { status: 409, next: 'Wait for the rollout, promote it or abort it first.' },
  'serving.rollout.finished': { status: 409, next: 'Deploy the version again to start a new rollout.' },
  'serving.rollout.not_approved': { status: 409, next: 'Ask for the approval to be granted first.' },
  'serving.rollback.nothing': {
    status: 409,
    next: 'Deploy a second version first; there is none to go back to.',
  },
  'serving.request.invalid': { status: 400, next: 'Correct the named input; the model metadata lists them.' },
  'serving.request.failed': { status: 500, next: 'Try again; the deployment page shows the error rate.' },
  'serving.request.timeout': {
    status: 503,
    next: 'Send fewer rows, or raise the time limit of the deployment.',
  },
  'serving.model.crashed': {
    status: 503,
    next: 'Look at the incident of the deployment; the same request may bring the model down again.',
  },
  'serving.model.restarting': {
    status: 503,
    next: 'Try again in some seconds, or declare a fallback for the deployment.',
  },
  'serving.revision.quarantined': {
    status: 503,
    next: 'Deploy another version, or release this one once its cause is known (houston quarantine release).',
  },
  'serving.quarantine.deployed': {
    status: 409,
    next: 'Release the revision first, or deploy it with other runtime settings or as a new version.',
  },
  'serving.quarantine.not_found': {
    status: 404,
    next: 'List what is in quarantine at /api/serving/quarantine.',
  },
  'serving.request.overloaded': {
    status: 503,
    next: 'Try again after the time that Retry-After names, or raise the limits of the deployment.',
  },
  'serving.request.expired': { status: 504, next: 'Give the request more time, or send it when less waits.' },
  'serving.caller.limited': {
    status: 429,
    next: 'Send fewer requests in a second, or ask for a higher limit.',
  },
  'serving.upstream.not_allowed': {
    status: 403,
    next: 'Start the server with --upstream ORIGIN (HOUSTON_UPSTREAMS), for example --upstream http://127.0.0.1:5001.',
  },
  'serving.upstream.refused': {
    status: 400,
    next: 'Correct the request; the signature of the version names its inputs.',
  },
  'serving.upstream.failed': {
    status: 502,
    next: 'Look after the upstream, or declare a fallback for the deployment.',
  },
  'serving.upstream.resting': {
    status: 503,
    next: 'Try again later, or declare a fallback for the deployment.',
  },
  'serving.prediction.not_found': { status: 404, next: 'Check the id; a reply carries it as "id".' },
  'serving.feedback.invalid': {
    status: 422,
    next: 'Correct the item; nothing of this call (or of this part of the file) counts.',
  },
  'serving.feedback.not_written': {
    status: 503,
    next: 'Free space on the disk of the data folder and send it again.',
  },
  'serving.comparison.empty': {
    status: 422,
    next: 'Choose a range with recorded predictions that have both outcomes among their labels.',
  },
});
