import { hash } from 'node:crypto';
import { type Committed, openPartLines } from './committed.ts';
import type { Layout } from './layout.ts';

/** How far back the events of a server are remembered when another one takes over, milliseconds of event time … */
export const KNOWN_MS = 300_000;
/** … how many lines of them at most (8 MB; seven minutes of the whole network at 470 a second) … */
const MOST_LINES = 200_000;
/** … and how many bytes of a part are read for them. */
const MOST_BYTES = 268_435_456;
/** Parts that are looked into: open ones, and the last closed ones. */
const CLOSED_PARTS = 2;

/** The last lines that were collected, by what identifies them at every server. */
export interface KnownEvents {
  has(line: string): boolean;
  /** From this time on, milliseconds, everything that was collected is known. */
  readonly since: number;
}

/**
 * Reads the last committed lines of atproto events.
 * @param from event time, milliseconds, to begin at.
 */
export async function readKnown(layout: Layout, committed: Committed, from: number): Promise<KnownEvents> {
  // In the order of reading, so that what is forgotten is the oldest.
  const times = new Map<number, number>();
  let since = from;
  const closed = committed.parts.filter((part) => part.closed).slice(-CLOSED_PARTS);
  for (const part of [...closed, ...committed.parts.filter(({ closed: over }) => !over)]) {
    const begin = Math.max(0, part.bytes - MOST_BYTES);
    for await (const lines of (await openPartLines(layout, part.name, begin, part.bytes)) ?? []) {
      for (const { text } of lines) {
        const line = identify(text);
        if (line === undefined || line.time < from) continue;
        times.set(line.id, line.time);
        if (times.size > MOST_LINES) since = Math.max(since, forgetFirst(times));
      }
    }
  }
  return {
    since,
    has(text) {
      const line = identify(text);
      return line !== undefined && times.has(line.id);
    },
  };
}

function forgetFirst(times: Map<number, number>): number {
  for (const [id, time] of times) {
    times.delete(id);
    return time;
  }
  return 0;
}

interface Line {
  readonly time?: string;
  readonly did?: string;
  readonly kind?: string;
  readonly commit?: {
    readonly rev?: string;
    readonly operation?: string;
    readonly collection?: string;
    readonly rkey?: string;
  };
  readonly [kind: string]: unknown;
}

/**
 * What identifies a line at every server: for a commit's operation its repository, revision and place; for other messages their
 * repository, kind and own time. As a number of 52 bits, because hundreds of thousands are kept.
 */
function identify(text: string): { readonly id: number; readonly time: number } | undefined {
  const line = JSON.parse(text) as Line;
  const { did, kind, commit } = line;
  if (did === undefined || kind === undefined) return undefined;
  const detail = line[kind] as { readonly time?: string } | undefined;
  const parts =
    commit === undefined
      ? [did, kind, detail?.time]
      : [did, kind, commit.rev, commit.operation, commit.collection, commit.rkey];
  const digest = hash('sha256', parts.join(' '), 'buffer');
  const id = digest.readUIntBE(0, 6) * 16 + (digest.readUInt8(6) >> 4);
  return { id, time: Date.parse(line.time ?? '') };
}
