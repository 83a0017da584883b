import type { StreamPosition } from '../../core/source.ts';
import type { ZstdDictionary } from '../../wire/jetstream/dictionary.ts';
import { LEAST_TIME_CURSOR } from '../../wire/jetstream/options.ts';
import { isFiltering, readFilter } from '../../wire/jetstream-v2/options.ts';

/** What is asked of a Jetstream server of version 2. */
export interface JetstreamV2Request {
  /** `wss://HOST/xrpc/network.bsky.jetstream.subscribeEvents`, with its `kinds`, `dids`, `collections`, `maxMessageSizeBytes`. A `cursor` is dropped. */
  readonly url: string;
  /** Asks for messages packed with this dictionary, which must be the server's. */
  readonly dictionary?: ZstdDictionary | undefined;
}

/** What a server would refuse, each as a message for the operator. */
export function requestV2Problems({ url, dictionary }: JetstreamV2Request): string[] {
  const address = URL.parse(url);
  if (address === null) return [`cannot collect from ${url}: it is no address`];
  const problems: string[] = [];
  const filter = readFilter(address.searchParams);
  if (!filter.ok) problems.push(filter.error);
  const asked = address.searchParams.get('zstdDictionary');
  if (asked !== null && dictionary === undefined)
    problems.push('cannot ask for packed messages (zstdDictionary) without the dictionary: give its file');
  return problems;
}

/** The address to connect to. @param packed asks for packed messages, where there is a dictionary. */
export function addressV2Of(
  { url, dictionary }: JetstreamV2Request,
  position: StreamPosition,
  packed: boolean,
): string {
  const address = new URL(url);
  const query = address.searchParams;
  query.delete('cursor');
  query.delete('zstdDictionary');
  if (dictionary !== undefined && packed) query.set('zstdDictionary', String(dictionary.id));
  const cursor = cursorOf(position);
  if (cursor !== undefined) query.set('cursor', String(cursor));
  return address.href;
}

/** Whether the server leaves events out, so that a long quiet is nothing strange. */
export function isFilteredV2({ url }: JetstreamV2Request): boolean {
  const filter = readFilter(new URL(url).searchParams);
  return filter.ok && isFiltering(filter.value);
}

/**
 * No cursor means the live end. A number is inclusive: the event at our position comes again, so nothing has to be asked for twice.
 * The oldest that a server has is no number (0 is refused as too old); but an instant of long ago is taken for it.
 */
function cursorOf(position: StreamPosition): number | undefined {
  if (position === 'live') return undefined;
  return position === 'oldest' ? LEAST_TIME_CURSOR : position;
}
