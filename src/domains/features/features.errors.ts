import { defineErrors } from '../../platform/errors.ts';

export const featuresError = defineErrors({
  'features.expression.invalid': {
    status: 400,
    next: 'Correct the expression; docs/guides/features.md lists the operators and functions.',
  },
  'features.definition.invalid': {
    status: 400,
    next: 'Correct the named field of the feature service and apply it again.',
  },
  'features.service.not_found': {
    status: 404,
    next: 'List the feature services, or declare this one in houston.yaml and run houston apply.',
  },
  'features.events.invalid': {
    status: 400,
    next: 'Send the columns that the feature service reads, all of one length, with the types it names.',
  },
  'features.inputs.invalid': {
    status: 400,
    next: 'Send every request column of the feature service, all of one length, with the types it names.',
  },
  'features.training.empty': {
    status: 422,
    next: 'Widen from/until, or add data: no row of the dataset version lies in the range.',
  },
  'features.source.mismatch': {
    status: 422,
    next: 'Make the dataset offer the columns that the feature service reads, or change the definition.',
  },
  'features.online.unwritable': {
    status: 503,
    next: 'Free space in the data directory; push the batch again with the same batch id.',
  },
});
