import type { Scope } from '../../../platform/scope.ts';
import { createOutbox, type OutboxOptions } from '../../../platform/webhooks/outbox.ts';
import type { WebhookEvent } from './events.model.ts';
import { webhooksReactor } from './webhooks.reactor.ts';
import * as service from './webhooks.service.ts';

/** Webhooks of the registry with their outbox, its job and the reactor that fills it. */
export function createWebhooks(options: Pick<OutboxOptions, 'backoff' | 'lookup'> = {}) {
  const find = service.destinationOf;
  const outbox = createOutbox({ name: 'registry', headerPrefix: 'X-MLflow', find, ...options });
  const door = {
    create: service.createWebhook,
    get: service.getWebhook,
    list: service.listWebhooks,
    update: service.updateWebhook,
    delete: (scope: Scope, id: string) => service.deleteWebhook(scope, outbox, id),
    test: (scope: Scope, id: string, event?: WebhookEvent) => service.testWebhook(scope, outbox, id, event),
    deliveries: (scope: Scope, id: string, limit: number) => service.listDeliveries(scope, outbox, id, limit),
    replay: (scope: Scope, id: string, delivery: string) =>
      service.replayDelivery(scope, outbox, id, delivery),
  };
  return { door, job: outbox.job, reactor: webhooksReactor(outbox) };
}

export type WebhooksDoor = ReturnType<typeof createWebhooks>['door'];
