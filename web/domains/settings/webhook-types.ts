export type Webhook = {
  id: string;
  name: string;
  url: string;
  events: string[];
  status: 'active' | 'disabled';
  signed: boolean;
  createdAt: string;
};

export type Delivery = {
  id: string;
  event: string;
  eventId: string | null;
  state: 'queued' | 'delivered' | 'failed';
  attempts: number;
  status: number | null;
  error: string | null;
  nextAttemptAt: string | null;
  createdAt: string;
};

export const webhookEvents = [
  'registered_model.created',
  'model_version.created',
  'model_version_tag.set',
  'model_version_tag.deleted',
  'model_version_alias.created',
  'model_version_alias.deleted',
  'prompt.created',
  'prompt_version.created',
  'prompt_tag.set',
  'prompt_tag.deleted',
  'prompt_version_tag.set',
  'prompt_version_tag.deleted',
  'prompt_alias.created',
  'prompt_alias.deleted',
];
