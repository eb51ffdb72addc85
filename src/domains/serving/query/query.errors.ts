import { defineErrors } from '../../../platform/errors.ts';

export const queryError = defineErrors({
  'serving.query.invalid': {
    status: 400,
    next: 'Correct the statement there; the tab Query of the deployment lists the columns.',
  },
  'serving.query.refused': {
    status: 400,
    next: 'Write one SELECT over the view predictions; files, settings and other tables are out of reach.',
  },
  'serving.query.timeout': {
    status: 408,
    next: 'Bound event_time, ask for fewer columns, or give a longer timeLimitMs (at most 60,000).',
  },
  'serving.query.too_large': {
    status: 422,
    next: 'Bound event_time or aggregate more; a query has 512 MB of memory.',
  },
  'serving.query.busy': { status: 429, next: 'Wait for the queries that run, then send it again.' },
  'serving.query.failed': { status: 500, next: 'Send it again; the log of the server has the reason.' },
});
