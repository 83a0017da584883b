import type { Channel } from '../core/channel.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RecordDraft, RecordStore } from '../core/record.ts';
import type { Silence } from '../core/silence.ts';
import type { DigestTimes } from './digest-times.ts';
import type { StandingSilence } from './digest.ts';
import type { Outbox } from './outbox.ts';
import type { Present, PresentJob } from './reconcile.ts';
import type { ChannelTiming, NotifyPolicy } from './stages/stage.ts';

/** A way to tell people, and when it is used. */
export interface ChannelSpec extends ChannelTiming {
  readonly channel: Channel;
  /** How long one try may take; default 30 s, 2 minutes at most. */
  readonly timeoutMs?: number;
  readonly digest?: DigestTimes;
}

/** The outgoing beat. */
export interface BeatSpec {
  readonly url: string;
  readonly everyMs: number;
}

/** What a reload may change. */
export interface NotifierSettings {
  /** By name. A spec that is the same object as before is left alone; a try of any other one that is under way is given up. */
  readonly channels: ReadonlyMap<string, ChannelSpec>;
  readonly beat?: BeatSpec;
}

/** What the notifier is given by the daemon. The functions are asked often, and must be cheap. */
export interface NotifierDeps {
  readonly outbox: Outbox;
  readonly store: Pick<RecordStore, 'query' | 'follow'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly host: string;
  /** From 0 up to but not including 1, as Math.random. */
  readonly random: () => number;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  /**
   * Every service of the plan as it is now, with its watches; undefined while that cannot be compared with the time line: records wait
   * to be stored, or a reload is under way.
   */
  readonly present: () => readonly Present[] | undefined;
  /** Every job of the plan; asked together with `present`. */
  readonly presentJobs?: () => readonly PresentJob[];
  /** Who hears of trouble of a service (`watch` empty) or of one of its watches. */
  readonly policyOf: (service: string, watch: string) => NotifyPolicy;
  /** Call `wake` when a person changes it. Not for `needs`: the notifier reckons that itself, channel by channel. */
  readonly silenceOf: (service: string, watch: string, now: number) => Silence | undefined;
  /** What silences are in force, for digests. */
  readonly silences: () => readonly StandingSilence[];
  /** The services that a service needs directly. */
  readonly needsOf: (service: string) => readonly string[];
  /** What happens next to a service in trouble, in words; empty where nothing is known. */
  readonly nextOf: (service: string, watch: string) => string;
  /** What is not well with the rest of the daemon, in words; empty where everything is. The beat goes out only then. */
  readonly unwell: () => string;
}
