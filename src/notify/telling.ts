import type { Hold } from './stages/hold.ts';

/** What is said of an incident in one message. `both`: it was, and is over, for those who never heard of it. */
export type EntryEvent = 'outage' | 'update' | 'repeat' | 'recovery' | 'both';

/** An incident's place in a message. */
export interface Entry {
  readonly incident: string;
  readonly event: EntryEvent;
}

/**
 * What one channel was told of one incident, the memory that makes an outage one message. `told` is what lies in the outbox:
 * from there it is delivered, whatever happens. Serialisable as JSON; wall milliseconds.
 */
export interface Telling {
  readonly incident: string;
  readonly channel: string;
  /** Since when neither a need nor a silence holds it; null while one does. */
  readonly unheldAt: number | null;
  /** Since when nothing but the channel's own `after` holds it; null while something does. */
  readonly freeAt: number | null;
  readonly toldAt: number | null;
  /** The last message about it. */
  readonly lastAt: number | null;
  readonly toldState: string;
  /** What the next message will say of it, and since when that waits. */
  readonly waiting: { readonly event: EntryEvent; readonly since: number } | null;
  /** Why nothing is said now. */
  readonly hold: Hold | null;
  /** Nothing more will ever be said. */
  readonly done: boolean;
}

export function freshTelling(incident: string, channel: string): Telling {
  return {
    incident,
    channel,
    unheldAt: null,
    freeAt: null,
    toldAt: null,
    lastAt: null,
    toldState: '',
    waiting: null,
    hold: null,
    done: false,
  };
}

export function tellingKey({ incident, channel }: Pick<Telling, 'incident' | 'channel'>): string {
  return `${incident}\0${channel}`;
}
