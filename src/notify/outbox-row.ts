import type { Notice, NoticeEvent } from '../core/channel.ts';
import type { Entry } from './telling.ts';

/** What rows are folded by: what is in trouble, what is over, what jobs said, digests. */
export type RowClass = 'trouble' | 'recovery' | 'job' | 'digest';

/** What older messages said, in a line: they were not delivered, and more recent ones follow. */
export interface Folded {
  readonly service: string;
  readonly subject: string;
  /** How many outages, or runs of a job. */
  readonly count: number;
  /** Wall milliseconds. */
  readonly since: number;
  readonly until: number;
  /** All outages together. */
  readonly downMs: number;
}

/** `folded`: another message says it too. `dropped`: a person said so. */
export type RowState = 'pending' | 'delivered' | 'folded' | 'dropped';

/** A message for one channel, until it is delivered and for some time after. Times are wall milliseconds. */
export interface OutboxRow {
  /** The notice's id. */
  readonly id: string;
  readonly channel: string;
  readonly class: RowClass;
  readonly event: NoticeEvent;
  readonly state: RowState;
  /** Rows of a channel go in this order. */
  readonly place: number;
  readonly at: number;
  /** When it, or the oldest message that is folded into it, should have been there. */
  readonly dueAt: number;
  /** Not before then; 0 where only the channel's own waits hold it. */
  readonly notBefore: number;
  readonly tries: number;
  /** A try is under way, or was when the process died. */
  readonly trying: boolean;
  /** The outcome of some try is not known: the far side may have it. */
  readonly unsure: boolean;
  /** Recipients who have it, where others do not. */
  readonly taken: readonly string[];
  /** The far side can never take it, as it said. */
  readonly refused: boolean;
  readonly entries: readonly Entry[];
  readonly older: readonly Folded[];
  /** What is sent; null until the first try. */
  readonly notice: Notice | null;
  /** In a line, for lists. */
  readonly title: string;
  /** Why the last try failed; empty where none did. */
  readonly error: string;
  readonly deliveredAt: number | null;
  /** What the far side said. */
  readonly detail: string;
  readonly foldedInto: string;
}

/** A row that begins. */
export type NewRow = Pick<OutboxRow, 'id' | 'channel' | 'class' | 'event' | 'place' | 'at'> &
  Partial<OutboxRow>;

export function newRow(row: NewRow): OutboxRow {
  return {
    state: 'pending',
    dueAt: row.at,
    notBefore: 0,
    tries: 0,
    trying: false,
    unsure: false,
    taken: [],
    refused: false,
    entries: [],
    older: [],
    notice: null,
    title: '',
    error: '',
    deliveredAt: null,
    detail: '',
    foldedInto: '',
    ...row,
  };
}
