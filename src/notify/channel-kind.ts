import type { GenericSchema } from 'valibot';
import type { Channel } from '../core/channel.ts';
import type { Clock } from '../core/clock.ts';

/** What a channel may use. */
export interface ChannelContext {
  /** The channel's name in the config. */
  readonly name: string;
  readonly clock: Clock;
  /** Folder that relative paths are meant from, absolute. */
  readonly folder: string;
  /** What `$NAME` is looked up in, at each try, and what commands get. */
  readonly env: Readonly<Record<string, string>>;
  /** The zone of the times in messages: `UTC`, `Europe/Zurich`. */
  readonly zone: string;
  /** Begins the life of every process that the channel starts, so that the next daemon ends what this one leaves. */
  readonly life: string;
}

/** A kind of channel: what stands under its key in the config, and how it tells people. One folder each, and one line in the registry. */
export interface ChannelKind<Options = unknown> {
  /** The key that names it: `mail`, `webhook`, … */
  readonly kind: string;
  /** The option that a value under the kind's key stands for where it is no map: `to`, for `mail: ops@uni.example`. */
  readonly main: string;
  /** Schema of its options: the keys beside those that every channel has. */
  readonly options: GenericSchema<unknown, Options>;
  /** How long one try may take, milliseconds. */
  readonly timeoutMs: number;
  /** What keeps valid options from being used; clear clauses that begin "cannot". */
  problems?(options: Options, context: Pick<ChannelContext, 'folder'>): readonly string[];
  /** Where it goes, in a few words, without a secret: `ops@uni.example through smtp://localhost`. */
  target(options: Options): string;
  /** Loads what it needs: libraries are not loaded before a channel uses them. */
  open(options: Options, context: ChannelContext): Promise<Channel>;
}
