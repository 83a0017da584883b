/** What a message is about. `update`: something new in an outage that people know of (a lane's change). */
export type NoticeEvent = 'outage' | 'update' | 'repeat' | 'recovery' | 'job' | 'digest' | 'beat' | 'test';

/** One piece of trouble within a notice. Times are wall milliseconds. */
export interface NoticeItem {
  /** The incident's: the same in its outage, its updates, its repeats and its recovery, for far sides that open and close by a key. */
  readonly id: string;
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
  /** The `id` of the notice that began this: the same for an outage, its updates and repeats, and its recovery. Its own id where it is the first. */
  readonly thread: string;
  readonly event: NoticeEvent;
  readonly host: string;
  /** When it was decided, wall milliseconds. */
  readonly at: number;
  /** One line: `web is bad on box1: alive: no answer within 5s`. */
  readonly title: string;
  /** The highest level of its items (1–24, LEVELS). */
  readonly level: number;
  readonly items: readonly NoticeItem[];
  /** Plain lines for what has no items (a digest, a test, the output of a job), and after the items what else there is to say: `37 earlier outages …`. */
  readonly lines: readonly string[];
  /** The command that silences it: `vahti snooze web 2h --why …`; empty where that makes no sense. */
  readonly snooze: string;
  /**
   * When it should have been there; null where this try is in time. It is said in the message: `delivered late: was due …`. Of all
   * fields only this one and `triedAt` may differ between two tries under one id.
   */
  readonly dueAt: number | null;
  /** When this try began, wall milliseconds. */
  readonly triedAt: number;
}

/** What came of one try. */
export type DeliveryOutcome =
  | {
      readonly kind: 'delivered' /** What the far side said: `250 queued as 12AB`. */;
      readonly detail: string;
    }
  | {
      readonly kind: 'failed';
      /** A clause that begins "cannot". Never holds a secret. */
      readonly reason: string;
      /** False: the same message can never be taken there (a recipient that does not exist, a wrong token). It is still tried again, but rarely, and shown. */
      readonly retry: boolean;
      /** What the far side asked for, milliseconds. */
      readonly retryAfterMs?: number;
      /**
       * Nothing of it can be there: no connection came to be, or it ended before all was sent. Without this, a try that its signal ended
       * may have arrived, and is repeated word for word before anything else is said.
       */
      readonly unsent?: boolean;
      /** It may be there, though no time was over: the connection ended after all was sent, before the far side said anything. */
      readonly unsure?: boolean;
      /** Who has it all the same, of several recipients. The outbox keeps it and hands it to the next try, so that nobody gets it twice. */
      readonly taken?: readonly string[];
    };

/** A way to tell people. One folder each in `notify/channels/`. */
export interface Channel {
  /**
   * One try. Never rejects for what the world may do; ends soon after the signal aborts.
   * @param taken what earlier tries of this notice gave as `taken`, all of it.
   */
  send(notice: Notice, signal: AbortSignal, taken?: readonly string[]): Promise<DeliveryOutcome>;
}
