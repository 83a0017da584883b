import type { IncomingMessage } from 'node:http';
import type { ZstdDictionary } from '../../wire/jetstream/dictionary.ts';
import { LEAST_TIME_CURSOR } from '../../wire/jetstream/options.ts';
import { encodeInfo } from '../../wire/jetstream-v2/encode.ts';
import { type EventFilter, readFilter, STREAM_PATH } from '../../wire/jetstream-v2/options.ts';
import type { History } from './history.ts';

/** A refusal, as XRPC has it. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly message: string;
}

/** What a reader gets. */
export interface Wish {
  readonly filter: EventFilter;
  readonly packed: boolean;
  /** The number to begin with. */
  readonly from: number;
  /** Said before the first event. */
  readonly greeting: string | undefined;
}

export interface RequestContext {
  readonly history: History;
  readonly dictionary: ZstdDictionary | undefined;
  /** It has just started, and can't tell where its stream ends. */
  readonly warmingUp: boolean;
  /** Wall time, microseconds. */
  readonly nowUs: number;
}

/** Reads a request as the server does before the upgrade (jetstream 9a30def, internal/subscribe/handler.go). */
export function readRequest(request: IncomingMessage, context: RequestContext): Wish | Refusal {
  const url = URL.parse(request.url ?? '', 'http://simulator');
  if (url?.pathname !== STREAM_PATH) return { status: 404, error: 'NotFound', message: 'no such path' };
  if (context.warmingUp) return unavailable('service not ready: cursor replay warming up');
  const query = url.searchParams;
  const packed = readDictionary(query.get('zstdDictionary') ?? '', context.dictionary);
  if (typeof packed !== 'boolean') return packed;
  if (String(request.headers['socket-encoding'] ?? '').includes('zstd'))
    return invalid('Socket-Encoding: zstd is the /subscribe (v1) opt-in');
  const filter = readFilter(query);
  if (!filter.ok) return invalid(filter.error);
  const start = startOf(query.get('cursor') ?? '', context);
  return 'status' in start ? start : { filter: filter.value, packed, ...start };
}

function unavailable(message: string): Refusal {
  return { status: 503, error: 'ServiceUnavailable', message };
}

function invalid(message: string): Refusal {
  return { status: 400, error: 'InvalidRequest', message };
}

/** Whether messages are asked for packed. */
function readDictionary(asked: string, dictionary: ZstdDictionary | undefined): boolean | Refusal {
  if (asked === '') return false;
  if (!/^\d{1,10}$/.test(asked) || Number(asked) === 0)
    return invalid('zstdDictionary must be a positive integer zstd dictionary ID');
  if (dictionary !== undefined && Number(asked) === dictionary.id) return true;
  const message = `unknown zstd dictionary id ${asked}; current dictionary id is ${dictionary?.id ?? 'none'}`;
  return { status: 400, error: 'UnknownZstdDictionary', message };
}

/** Where a reader begins: a number, or an instant, microseconds; what is from the future begins at the live end. */
function startOf(
  asked: string,
  { history, nowUs }: RequestContext,
): Pick<Wish, 'from' | 'greeting'> | Refusal {
  const live = { from: history.next, greeting: undefined };
  if (asked === '') return live;
  const cursor = Number(asked);
  if (!/^\d{1,18}$/.test(asked)) return invalid(`subscribe: invalid cursor: ${JSON.stringify(asked)}`);
  const { floor } = history;
  if (cursor >= LEAST_TIME_CURSOR) {
    if (cursor > nowUs) return live;
    const from = history.numberAt(cursor);
    if (from > floor) return { from, greeting: undefined };
    const message = `requested timestamp cursor below retention floor; starting at seq ${floor}`;
    return { from: floor, greeting: encodeInfo('OutdatedCursor', message) };
  }
  if (cursor >= history.next) return live;
  const from = Math.max(1, cursor);
  if (from >= floor) return { from, greeting: undefined };
  const message = `subscribe: cursor too old: cursor ${cursor} below lookback floor ${floor}; re-backfill from your last seq`;
  return { status: 400, error: 'CursorTooOld', message };
}
