import { defineErrors } from '../errors.ts';

export const webhookError = defineErrors({
  'webhooks.url.invalid': {
    status: 400,
    next: 'Give an address such as https://example.com/hook, without user or password.',
  },
  'webhooks.host.refused': {
    status: 400,
    next: 'Ask an operator to start the server with --webhook-hosts and this host; see the guide of webhooks.',
  },
  'webhooks.secret.unreadable': {
    status: 409,
    next: 'Put the file webhooks.key of the data folder back, or give the webhook a new secret.',
  },
  'webhooks.delivery.not_found': { status: 404, next: 'List the deliveries of the webhook.' },
});
