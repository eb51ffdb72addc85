/** A list as the API answers it; `next` is the cursor of the page after. */
export type List<T> = { items: T[]; next?: string | number | null };
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
