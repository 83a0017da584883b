/** What a message is about. `update`: something new in an outage that people know of (a lane's change). */
export type NoticeEvent =
  | 'outage'
  | 'update'
  | 'repeat'
  | 'recovery'
  | 'job'
  | 'digest'
  | 'beat'
  | 'test';

/** One piece of trouble within a notice. Times are wall milliseconds. */
export interface NoticeItem {
  readonly service: string;
  /** What is in trouble: a watch's name, `lane`, `state`, `ready`; for jobs the job's name. */
  readonly subject: string;
  /** `ok`, `late`, `bad`, `unknown`, `flapping`, `slow`, `stuck`, `done`, … as in the flip's `to`. */
  readonly state: string;
  readonly level: number;
  readonly since: number;
  /** When it was over, for a recovery; else null. */
  readonly until: number | null;
  readonly value: string | null;
  readonly reason: string;
  /** What was done about it, oldest first: `restart by the watch alive: …`. */
  readonly actions: readonly { readonly at: number; readonly text: string }[];
  /** The last lines of the life that it was seen in, oldest first; 20 at most. */
  readonly tail: readonly string[];
  /** What happens next, in words; empty where nothing does. */
  readonly next: string;
}

/** One message, as channels get it: the same to all of them, rendered by each as it likes. */
export interface Notice {
  /** The same at each try, so that the far side can drop a repeat. */
  readonly id: string;
  readonly event: NoticeEvent;
  readonly host: string;
  /** When it was decided, wall milliseconds. */
  readonly at: number;
  /** One line: `web is bad on box1: alive: no answer within 5s`. */
  readonly title: string;
  /** The highest level of its items (1–24, LEVELS). */
  readonly level: number;
  readonly items: readonly NoticeItem[];
  /** Plain lines for what has no items: a digest, a test, the output of a job. */
  readonly lines: readonly string[];
  /** The command that silences it: `vahti snooze web 2h --why …`; empty where that makes no sense. */
  readonly snooze: string;
  /** Set at the second and later tries: it says so, where it was due long before it is delivered. */
  readonly dueAt: number;
}

/** What came of one try. */
export type DeliveryOutcome =
  | { readonly kind: 'delivered'; /** What the far side said: `250 queued as 12AB`. */ readonly detail: string }
  | {
      readonly kind: 'failed';
      /** A clause that begins "cannot". Never holds a secret. */
      readonly reason: string;
      /** False: the same message can never be taken there (a recipient that does not exist, a wrong token). It is still tried again, but rarely, and shown. */
      readonly retry: boolean;
      /** What the far side asked for, milliseconds. */
      readonly retryAfterMs?: number;
    };

/** A way to tell people. One folder each in `notify/channels/`. */
export interface Channel {
  /** One try. Never rejects for what the world may do; ends soon after the signal aborts. */
  send(notice: Notice, signal: AbortSignal): Promise<DeliveryOutcome>;
}
