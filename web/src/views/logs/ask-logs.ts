import { call, CallError } from '../../api/call.ts';
import type { context, counts, records, values } from '../../api/generated.ts';

/** The typed client's questions about records, which end when nobody waits for them any more. */

export type Page = Awaited<ReturnType<typeof records>>;
export type Row = Page['rows'][number];
export type Counts = Awaited<ReturnType<typeof counts>>;
export type Neighbours = Awaited<ReturnType<typeof context>>;
export type Values = Awaited<ReturnType<typeof values>>;
export type Asked = Readonly<Record<string, string | readonly string[] | undefined>>;

export function askRecords(
  asked: Asked & { readonly limit: string; readonly cursor?: string },
  signal: AbortSignal,
): Promise<Page> {
  return call('GET', '/api/records', asked, signal);
}

export function askCounts(asked: Asked, signal: AbortSignal): Promise<Counts> {
  return call('GET', '/api/counts', asked, signal);
}

export function askContext(asked: Parameters<typeof context>[0], signal: AbortSignal): Promise<Neighbours> {
  return call('GET', '/api/context', asked, signal);
}

export function askValues(asked: Asked, signal: AbortSignal): Promise<Values> {
  return call('GET', '/api/values', asked, signal);
}

export function asCallError(error: unknown): CallError {
  return error instanceof CallError
    ? error
    : new CallError('failed', 0, error instanceof Error ? error.message : String(error));
}
