/** Shapes of the HTTP API as the web reads them. Times are ISO strings; optional fields may be absent. */
export type List<T> = { items: T[]; next?: string | number | null };
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
