import { defineErrors } from '../../platform/errors.ts';

export const monitoringError = defineErrors({
  'monitoring.monitor.not_found': {
    status: 404,
    next: 'GET /api/monitoring/monitors lists them; every deployment gets one when it is created.',
  },
  'monitoring.reference.missing': {
    status: 409,
    next: 'Send more traffic; the first windows become the reference when the model has no training profile.',
  },
  'monitoring.window.not_found': { status: 404, next: 'GET …/windows lists the windows with their starts.' },
  'monitoring.feature.not_found': { status: 404, next: 'GET …/reference lists the features.' },
  'monitoring.incident.not_found': { status: 404, next: 'GET /api/monitoring/incidents lists them.' },
  'monitoring.incident.resolved': {
    status: 409,
    next: 'Nothing is left to do; a new one opens when needed.',
  },
  'monitoring.settings.invalid': { status: 400, next: 'Correct the named setting.' },
});
