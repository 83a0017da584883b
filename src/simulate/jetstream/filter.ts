import type { SubscriberOptions } from '../../wire/jetstream/options.ts';
import type { Served } from './history.ts';

/**
 * Whether a reader wants an event, as Jetstream decides it (9a30def, internal/subscribe/filter.go): DIDs count for all kinds,
 * collections for commits alone, the size for the message before it is packed.
 */
export function createFilter(options: SubscriberOptions): (event: Served) => boolean {
  const dids = new Set(options.wantedDids);
  const wanted = options.wantedCollections;
  const names = new Set(wanted.filter((name) => !name.endsWith('.*')));
  const beginnings = wanted.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -1));
  const most = options.maxMessageSizeBytes > 0 ? options.maxMessageSizeBytes : Number.POSITIVE_INFINITY;
  return ({ did, collection, json }) => {
    if (json.length > most || (dids.size > 0 && !dids.has(did))) return false;
    if (wanted.length === 0 || collection === undefined || names.has(collection)) return true;
    return beginnings.some((beginning) => collection.startsWith(beginning));
  };
}
