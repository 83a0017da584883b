import type { EventFilter } from '../../wire/jetstream-v2/options.ts';
import type { Served } from './history.ts';

/**
 * Whether a reader wants an event, as Jetstream decides it (9a30def, internal/subscribe/filterv2.go): collections choose among commits
 * alone; the size is the message's before it is packed.
 */
export function createFilter(filter: EventFilter): (event: Served) => boolean {
  const kinds = new Set(filter.kinds);
  const dids = new Set(filter.dids);
  const names = new Set(filter.collections.filter((name) => !name.endsWith('.*')));
  const beginnings = filter.collections
    .filter((name) => name.endsWith('.*'))
    .map((name) => name.slice(0, -1));
  const most = filter.maxMessageSizeBytes > 0 ? filter.maxMessageSizeBytes : Number.POSITIVE_INFINITY;
  return ({ kind, did, collection, json }) => {
    if (json.length > most || (dids.size > 0 && !dids.has(did))) return false;
    if (kinds.size > 0 && !kinds.has(kind)) return false;
    if (filter.collections.length === 0 || collection === undefined || names.has(collection)) return true;
    return beginnings.some((beginning) => collection.startsWith(beginning));
  };
}
