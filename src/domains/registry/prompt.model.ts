/** Clients keep prompts as models with this tag. */
export const promptTag = 'mlflow.prompt.is_prompt';

/** Whether a model with these tags is a text that clients keep, and no model that decides. */
export function isPrompt(tags: Readonly<Record<string, string>>): boolean {
  return tags[promptTag] === 'true';
}
