/** Why the hub did not do what it was asked for. */
export class CallError extends Error {
  override readonly name = 'CallError';
  /** One word for programs: `denied`, `forbidden`, `later`, `unknown`, `offline`, … */
  readonly code: string;
  /** Of HTTP; 0 where there was no answer. */
  readonly status: number;
  /** After how long the hub takes another try; 0 where it did not say. */
  readonly waitMs: number;

  constructor(code: string, status: number, message: string, waitMs = 0) {
    super(message);
    this.code = code;
    this.status = status;
    this.waitMs = waitMs;
  }
}

const DEADLINE_MS = 30_000;

/** The word that a page of the hub's own can know, and no other (docs/hub-access.md). */
let csrf = '';
/** Told when the hub no longer knows who looks. */
let onDenied: () => void = () => {};

export function useSession(word: string, denied: () => void): void {
  csrf = word;
  onDenied = denied;
}

export function sessionWord(): string {
  return csrf;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Asks the hub. Rejects with a CallError. */
export async function call<T>(
  method: Method,
  path: string,
  params?: object,
  signal?: AbortSignal,
): Promise<T> {
  const isQuery = method === 'GET' || method === 'DELETE';
  const address = isQuery && params !== undefined ? `${path}?${queryOf(params)}` : path;
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const request: RequestInit = {
    method,
    headers: {
      accept: 'application/json',
      ...(method === 'GET' ? {} : { 'x-vahti-csrf': csrf }),
      ...(isQuery ? {} : { 'content-type': 'application/json' }),
    },
    signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    ...(isQuery ? {} : { body: JSON.stringify(params ?? {}) }),
  };
  let response: Response;
  try {
    response = await fetch(address, request);
  } catch {
    if (signal?.aborted === true)
      throw new CallError('aborted', 0, 'cannot answer: it is not asked for any more');
    throw new CallError('offline', 0, 'cannot reach the hub');
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body as T;
  const error = errorIn(body, response);
  if (response.status === 401 && path !== '/api/login') onDenied();
  throw error;
}

/** Asks a daemon by its hub. */
export async function ask<T>(method: string, agent: string, params: object, why: string): Promise<T> {
  const { value } = await call<{ readonly value: T }>('POST', `/api/ask/${method}`, { agent, params, why });
  return value;
}

/** Lists are repeated, as the hub reads them. */
export function queryOf(params: object): URLSearchParams {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params) as [string, unknown][])
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== undefined && each !== '') query.append(key, String(each));
  return query;
}

function errorIn(body: unknown, { status, headers }: Response): CallError {
  const { error } = (body ?? {}) as {
    readonly error?: { readonly code?: unknown; readonly message?: unknown };
  };
  const message = typeof error?.message === 'string' ? error.message : `cannot answer: HTTP ${status}`;
  const waitS = Number(headers.get('retry-after') ?? 0);
  const waitMs = Number.isFinite(waitS) ? waitS * 1000 : 0;
  return new CallError(typeof error?.code === 'string' ? error.code : 'failed', status, message, waitMs);
}
