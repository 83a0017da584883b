import type { HubRow } from '../../src/hub/blocks/row.ts';
import type { HubStore } from '../../src/hub/threads/hub-store.ts';
import { until } from './wait.ts';

/** A stored row without what the hub gives it. */
export type Line = Pick<HubRow, 'agent' | 'host' | 'service' | 'level' | 'sender' | 'message' | 'time'> & {
  readonly fields: Readonly<Record<string, unknown>>;
};

/** Everything that is stored, as it came. */
export async function storedLines(store: HubStore): Promise<readonly Line[]> {
  const page = await store.newest({ limit: 10_000 }, 5000);
  if (!page.ok) throw new Error(page.error);
  return page.value.rows
    .toSorted((a, b) => a.position - b.position)
    .map(({ agent, host, service, level, sender, message, time, fields }) => {
      const read = fields === '' ? {} : (JSON.parse(fields) as Line['fields']);
      return { agent, host, service, level, sender, message, time, fields: read };
    });
}

/** Waits until so many lines are stored. */
export async function untilStored(store: HubStore, count: number): Promise<readonly Line[]> {
  return until(
    async () => {
      const lines = await storedLines(store);
      return lines.length >= count && lines;
    },
    { what: `${count} lines in the hub` },
  );
}

/** A store that answers `later` to the first batches. */
export function busyAtFirst(times: number): (store: HubStore) => HubStore {
  let left = times;
  return (store) => ({
    ...store,
    append: async (from, json) =>
      left-- > 0
        ? { ok: false, kind: 'later', message: 'cannot take more now: too much waits to be stored' }
        : store.append(from, json),
  });
}

/** A store that refuses for good whatever has one of some texts in it. */
export function refusing(...texts: readonly string[]): (store: HubStore) => HubStore {
  return (store) => ({
    ...store,
    append: async (from, json) =>
      texts.some((text) => Buffer.from(json).includes(text))
        ? { ok: false, kind: 'bad', message: 'cannot take this' }
        : store.append(from, json),
  });
}
