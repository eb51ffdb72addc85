import type { Json, JsonObject } from '../../../src/platform/json.ts';

export type { Json, JsonObject };

/** A list as the API answers it; `next` is the cursor of the page after. */
export type List<T> = { items: T[]; next?: string | number | null };
