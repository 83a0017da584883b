import type { StreamPosition } from '../../core/source.ts';
import type { ZstdDictionary } from '../../wire/jetstream/dictionary.ts';
import {
  encodeUpdate,
  LEAST_TIME_CURSOR,
  optionProblems,
  readQuery,
  type SubscriberOptions,
  writeQuery,
} from '../../wire/jetstream/options.ts';

/** What is asked of a Jetstream server. */
export interface JetstreamRequest {
  /** `wss://HOST/subscribe`. Its own `wantedCollections`, `wantedDids` and `maxMessageSizeBytes` count too; a `cursor` is dropped. */
  readonly url: string;
  /** NSIDs, or beginnings of them as `app.bsky.*`; 100 at most. None: all. */
  readonly wantedCollections?: readonly string[] | undefined;
  /** 10,000 at most. None: all. */
  readonly wantedDids?: readonly string[] | undefined;
  /** Longer messages are left out by the server; 0 or undefined: none. */
  readonly maxMessageSizeBytes?: number | undefined;
  /** Asks for messages packed with this dictionary, which must be the server's. */
  readonly dictionary?: ZstdDictionary | undefined;
  /** Sends the options in a message instead of in the address, as is done anyway where the address would be too long. */
  readonly requireHello?: boolean | undefined;
}

/** How far to go back at a reconnect, microseconds: events of one instant may come in another order from history than live. */
export const REWIND_US = 10_000_000;
/** Longer addresses are refused by common proxies (nginx: 8 KiB for the first line of a request). */
const MOST_URL_LENGTH = 4_000;

/** What a server would refuse, each as a message for the operator. */
export function requestProblems(request: JetstreamRequest): string[] {
  if (!URL.canParse(request.url)) return [`cannot collect from ${request.url}: it is no address`];
  const query = new URL(request.url).searchParams;
  const problems = optionProblems(optionsOf(request, query));
  if (request.dictionary === undefined && query.get('compress') === 'true')
    problems.push(
      'cannot ask for packed messages (compress=true) without their zstd dictionary: give its file',
    );
  return problems;
}

/** The address to connect to, the cursor in it (undefined: the live end), and what to say then. */
export function addressOf(
  request: JetstreamRequest,
  position: StreamPosition,
): { readonly url: string; readonly cursor: number | undefined; readonly hello: string | undefined } {
  const url = new URL(request.url);
  const query = url.searchParams;
  const options = optionsOf(request, query);
  const asked = query.get('requireHello') === 'true' || request.requireHello === true;
  for (const name of ['cursor', 'compress', 'requireHello']) query.delete(name);
  writeQuery(query, options);
  if (request.dictionary !== undefined) query.set('compress', 'true');
  const cursor = cursorOf(position);
  if (cursor !== undefined) query.set('cursor', String(cursor));
  if (!asked && url.href.length <= MOST_URL_LENGTH) return { url: url.href, cursor, hello: undefined };
  writeQuery(query, NO_OPTIONS);
  query.set('requireHello', 'true');
  return { url: url.href, cursor, hello: encodeUpdate(options) };
}

/** Whether the server leaves events out, so that a long quiet is nothing strange. */
export function isFiltered(request: JetstreamRequest): boolean {
  const { wantedCollections, wantedDids } = optionsOf(request, new URL(request.url).searchParams);
  return wantedCollections.length > 0 || wantedDids.length > 0;
}

const NO_OPTIONS: SubscriberOptions = { wantedCollections: [], wantedDids: [], maxMessageSizeBytes: 0 };

function optionsOf(request: JetstreamRequest, query: URLSearchParams): SubscriberOptions {
  const inUrl = readQuery(query);
  return {
    wantedCollections: [...new Set([...inUrl.wantedCollections, ...(request.wantedCollections ?? [])])],
    wantedDids: [...new Set([...inUrl.wantedDids, ...(request.wantedDids ?? [])])],
    maxMessageSizeBytes: request.maxMessageSizeBytes ?? inUrl.maxMessageSizeBytes,
  };
}

/**
 * No cursor means the live end; 0 is from before all that the server has. A number below 10^15 is one of a version 2
 * server's own (the first life may begin there), and is asked for as it is.
 */
function cursorOf(position: StreamPosition): number | undefined {
  if (position === 'live') return undefined;
  if (position === 'oldest') return 0;
  return position < LEAST_TIME_CURSOR ? position : Math.max(LEAST_TIME_CURSOR, position - REWIND_US);
}
