import type { StreamEvent, StreamSource } from '../core/source.ts';
import type { Checkpoint } from './checkpoint.ts';
import { readCommitted } from './committed.ts';
import { KNOWN_MS, type KnownEvents, readKnown } from './known-events.ts';
import type { Layout } from './layout.ts';
import type { EpochOfServer } from './pending.ts';
import { createStreamClock } from './stream-clock.ts';

/** So long after the last event of the old server, milliseconds of event time, the new one may still send what the old one sent. */
const OVERLAP_MS = 120_000;

/** Another server has taken over, or did a short while ago. */
export interface Switch {
  /** The epoch that begins with it; undefined where it has begun, before a restart. */
  readonly begins: EpochOfServer | undefined;
  /** The reach of what the old server sent, milliseconds. */
  readonly reach: number;
  /** Nothing of the new server was taken yet: whether something is missing in between is still to be found out. */
  readonly open: boolean;
  readonly detail: string;
  /** Whether an event came from the old server already. */
  had(event: StreamEvent, received: number): boolean;
  /** Whether any did: then there is no hole between the two. */
  overlaps(): boolean;
}

/**
 * Compares the server with the one that the committed events are from.
 * @param fresh where to begin at a server whose numbers have nothing to do with ours.
 * @returns undefined where it is the same, or where nothing was collected yet.
 */
export async function meetServer(
  source: StreamSource,
  checkpoint: Checkpoint,
  layout: Layout,
  fresh: 'live' | 'oldest',
): Promise<Switch | undefined> {
  const { server } = source;
  const before = checkpoint.server;
  if (server === undefined || before === undefined || checkpoint.latest <= 0) return undefined;
  const isNew = before !== server.name;
  const until = isNew ? checkpoint.latest + OVERLAP_MS : (checkpoint.overlap ?? 0);
  if (!isNew && checkpoint.latest >= until) return undefined;
  const committed = await readCommitted(layout);
  if (committed === undefined) return undefined;
  const known = await readKnown(layout, committed, until - OVERLAP_MS - KNOWN_MS);
  const at = beginning(checkpoint, server.apart) ?? fresh;
  return {
    ...watchOverlap(known, until),
    begins: isNew ? { at, server: server.name, until } : undefined,
    reach: until - OVERLAP_MS,
    open: isNew || checkpoint.cursor === null,
    detail: isNew ? `the stream is taken from ${server.name} now, before from ${before}` : 'another server',
  };
}

/** Numbers that are times mean the same at every server, or nearly so; others nothing. */
function beginning({ cursor }: Checkpoint, apart: number | undefined): number | undefined {
  return apart === undefined || cursor === null ? undefined : Math.max(0, cursor - apart);
}

function watchOverlap(known: KnownEvents, until: number): Pick<Switch, 'had' | 'overlaps'> {
  // Single events lie about their time, so it is the stream's that counts.
  const clock = createStreamClock();
  let events: KnownEvents | undefined = known;
  let met = false;
  return {
    had({ time, lines }, received) {
      if (events === undefined) return false;
      clock.place(time, received);
      const now = clock.read();
      if (now > until) {
        events = undefined;
        return false;
      }
      const had = now < events.since || lines.some(({ head, tail }) => events?.has(head + tail));
      met ||= had;
      return had;
    },
    overlaps: () => met,
  };
}
