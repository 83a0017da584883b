import type { Notice } from '../../../core/channel.ts';
import type { Answer } from '../../http/post.ts';
import type { Outline } from '../../rendering/outline.ts';

/** What a far side's payload is made of. */
export interface PresetInput {
  readonly notice: Notice;
  readonly outline: Outline;
  readonly url: URL;
  /** PagerDuty: the integration key. */
  readonly routingKey: string | undefined;
  /** Telegram: the chat to write to. */
  readonly chat: string | number | undefined;
}

/** One request. */
export interface Post {
  /** What it tells of, where a notice takes several requests: those that were taken are not made again. */
  readonly key?: string;
  readonly body: unknown;
  /** Where it goes, if not to the address as it is. */
  readonly url?: URL;
}

/** How one far side wants to be told. */
export interface Preset {
  readonly name: string;
  /** Whether an address is this far side's own; then no template needs to be written. */
  matches(url: URL): boolean;
  /** Whoever has the address may write: it is a secret. */
  readonly secretAddress: boolean;
  /** The option that it cannot do without. */
  readonly needs?: 'routing-key' | 'chat';
  /** What to send, in this order; most often one. */
  posts(input: PresetInput): readonly Post[];
  /** How long to wait before the next try, as the answer says it in its own way; milliseconds. */
  asked?(answer: Answer): number | undefined;
}
