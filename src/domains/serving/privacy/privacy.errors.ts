import { defineErrors } from '../../../platform/errors.ts';

export const privacyError = defineErrors({
  'serving.recording.field_unknown': {
    status: 422,
    next: 'Correct the name under recording.fields or entity; nothing was changed.',
  },
  'serving.erasure.entity_invalid': {
    status: 422,
    next: 'Name request columns or features of the deployment, as COLUMN=VALUE.',
  },
  'serving.erasure.not_found': { status: 404, next: 'Ask with the id that the erasure was started with.' },
});
