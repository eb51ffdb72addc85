/** An answer of the server that is not a success: what happened, and what to do next. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly next: string | undefined;
  readonly details: unknown;
  constructor(status: number, code: string, message: string, next?: string, details?: unknown) {
    super(message);
    this.status = status;
    this.code = code;
    this.next = next;
    this.details = details;
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

/** `path` with the given query; empty values are left out. */
export function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(key, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

/** Builds a path from fixed text and values that are percent-encoded: path`/api/data/datasets/${name}`. */
export function path(text: TemplateStringsArray, ...values: (string | number)[]): string {
  return text.reduce((made, part, at) => made + encodeURIComponent(String(values[at - 1])) + part);
}

type RequestOptions = { query?: Query; body?: unknown; type?: string; signal?: AbortSignal };

async function send(method: string, target: string, options: RequestOptions): Promise<Response> {
  const raw = options.type !== undefined;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (options.type) headers['content-type'] = options.type;
  else if (options.body !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(withQuery(target, options.query), {
      method,
      headers,
      credentials: 'same-origin',
      ...(options.body === undefined
        ? {}
        : { body: raw ? (options.body as BodyInit) : JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(
      0,
      'web.offline',
      'The server does not answer.',
      'Check that `houston serve` is running; this page reconnects by itself.',
    );
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  return errorFrom(response.status, text);
}

function errorFrom(status: number, text: string): ApiError {
  try {
    const body = JSON.parse(text) as { error?: unknown; message?: string };
    if (typeof body.error === 'string')
      return new ApiError(status, `http.${status}`, body.message ?? body.error);
    const error = body.error as
      | { code?: string; message?: string; next?: string; details?: unknown }
      | undefined;
    if (error) {
      return new ApiError(
        status,
        error.code ?? `http.${status}`,
        error.message ?? `The server answered ${status}.`,
        error.next,
        error.details,
      );
    }
  } catch {
    // Not JSON: fall through to the plain sentence.
  }
  return new ApiError(
    status,
    `http.${status}`,
    `The server answered ${status}.`,
    'Try again; if it stays so, look into the log of the server.',
  );
}

async function json<T>(response: Response): Promise<T> {
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** The one door to the server. Rejects with {@link ApiError}. */
export const api = {
  get: async <T>(target: string, query?: Query, signal?: AbortSignal): Promise<T> =>
    json<T>(await send('GET', target, { ...(query ? { query } : {}), ...(signal ? { signal } : {}) })),
  raw: (target: string, query?: Query, signal?: AbortSignal): Promise<Response> =>
    send('GET', target, { ...(query ? { query } : {}), ...(signal ? { signal } : {}) }),
  post: async <T>(target: string, body?: unknown, query?: Query, signal?: AbortSignal): Promise<T> =>
    json<T>(
      await send('POST', target, {
        body: body ?? {},
        ...(query ? { query } : {}),
        ...(signal ? { signal } : {}),
      }),
    ),
  /** The reply as it is, for files that a POST makes. */
  postRaw: (target: string, body: unknown): Promise<Response> => send('POST', target, { body }),
  patch: async <T>(target: string, body: unknown): Promise<T> =>
    json<T>(await send('PATCH', target, { body })),
  put: async <T>(target: string, body: unknown): Promise<T> => json<T>(await send('PUT', target, { body })),
  remove: async <T>(target: string): Promise<T> => json<T>(await send('DELETE', target, {})),
  upload,
};

/** Sends a file as the request body and reports the share sent (0 to 1). */
function upload<T>(
  target: string,
  file: Blob,
  type: string,
  query?: Query,
  progress?: (share: number) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', withQuery(target, query));
    request.setRequestHeader('content-type', type);
    request.setRequestHeader('accept', 'application/json');
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress?.(event.loaded / event.total);
    };
    request.onerror = () =>
      reject(
        new ApiError(
          0,
          'web.offline',
          'The connection broke during the upload; nothing was kept.',
          'Send the file again.',
        ),
      );
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as T);
      else reject(errorFrom(request.status, request.responseText));
    };
    request.send(file);
  });
}
