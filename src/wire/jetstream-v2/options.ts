import { err, ok, type Result } from '../../core/result.ts';
import { optionProblems } from '../jetstream/options.ts';

/** Where the stream is, on every server. */
export const STREAM_PATH = '/xrpc/network.bsky.jetstream.subscribeEvents';
/** Where its zstd dictionary is. */
export const DICTIONARY_PATH = '/xrpc/network.bsky.jetstream.getZstdDictionary';
/** What the types of its messages begin with. */
export const TYPE_PREFIX = 'network.bsky.jetstream.subscribeEvents#';

export type EventKind = 'commit' | 'identity' | 'account' | 'sync';

/** What a reader asks for: three predicates that must all hold, each empty for everything. */
export interface EventFilter {
  readonly kinds: readonly EventKind[];
  readonly dids: readonly string[];
  /** NSIDs, or beginnings of them as `app.bsky.*`. They choose among commits alone. */
  readonly collections: readonly string[];
  /** Longer messages are left out by the server; 0: none. */
  readonly maxMessageSizeBytes: number;
}

const KINDS: readonly string[] = ['commit', 'identity', 'account', 'sync'] satisfies readonly EventKind[];
const MOST_SIZE = 2 ** 32 - 1;
/** What version 1 had, and what to write now. */
const OF_VERSION_1 = [
  ['wantedCollections', 'version 2 says collections'],
  ['wantedDids', 'version 2 says dids'],
  ['requireHello', 'version 2 takes no messages from its readers'],
  ['compress', 'version 2 says zstdDictionary'],
] as const;

/** Reads the filter in an address. The error is what a server refuses (jetstream 9a30def, internal/subscribe/filterv2.go). */
export function readFilter(query: URLSearchParams): Result<EventFilter, string> {
  for (const [name, instead] of OF_VERSION_1) {
    if (query.has(name)) return err(`cannot ask with ${name}, it is of /subscribe (version 1): ${instead}`);
  }
  const kinds = query.getAll('kinds');
  const dids = query.getAll('dids');
  const collections = query.getAll('collections');
  const unknown = kinds.find((kind) => !KINDS.includes(kind));
  if (unknown !== undefined)
    return err(`cannot ask for the kind ${JSON.stringify(unknown)}: write ${KINDS.join(', ')}`);
  if (kinds.length > KINDS.length)
    return err(`cannot ask for ${kinds.length} kinds: servers take ${KINDS.length}`);
  if (collections.length > 0 && kinds.length > 0 && !kinds.includes('commit'))
    return err('cannot ask for collections: the kinds that are asked for leave commits out');
  const sizes = query.getAll('maxMessageSizeBytes');
  const size = sizes.length === 0 ? 0 : Number(sizes[0]);
  if (sizes.length > 1 || !/^\d+$/.test(sizes[0] ?? '0') || size > MOST_SIZE)
    return err(`cannot use maxMessageSizeBytes=${sizes.join(',')}: write one number from 0 to ${MOST_SIZE}`);
  // The name of a collection must fit behind a beginning.
  const wantedCollections = collections.map((name) => name.replace(/\.\*$/, '.x'));
  const [problem] = optionProblems({ wantedCollections, wantedDids: dids, maxMessageSizeBytes: size });
  if (problem !== undefined) return err(problem);
  return ok({ kinds: kinds as EventKind[], dids, collections, maxMessageSizeBytes: size });
}

/** Whether it leaves events out. */
export function isFiltering({ kinds, dids, collections, maxMessageSizeBytes }: EventFilter): boolean {
  return kinds.length + dids.length + collections.length + maxMessageSizeBytes > 0;
}
