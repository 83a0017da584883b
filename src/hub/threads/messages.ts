import type { MinuteCount } from '../blocks/counts.ts';
import type { Keep } from '../blocks/groups.ts';
import type { Merged } from '../blocks/merge.ts';
import type { HubFilter, HubPage, HubQuery } from '../blocks/query.ts';
import type { Followed } from '../blocks/read.ts';
import type { Taken } from '../blocks/writer.ts';

/** What the threads of the hub are told, and answer. */

export interface ThreadData {
  readonly folder: string;
  readonly keep: Keep;
}

/** To the thread that writes. */
export type WriterCall =
  | { readonly what: 'append'; readonly id: number; readonly agent: string; readonly json: Uint8Array }
  | { readonly what: 'last'; readonly id: number; readonly agent: string }
  | { readonly what: 'replace'; readonly id: number; readonly merged: Merged }
  | { readonly what: 'shrink'; readonly id: number; readonly path: string }
  | { readonly what: 'purge'; readonly id: number }
  | { readonly what: 'close'; readonly id: number };

export type Append =
  | ({ readonly ok: true; readonly last: number } & Taken)
  /** `bad`: what was sent is wrong, and stays so. `later`: it may be taken when it is sent again. */
  | { readonly ok: false; readonly kind: 'bad' | 'later'; readonly message: string };

export type WriterAnswer =
  | { readonly id: number; readonly value: unknown }
  /** Up to here everything is stored as a whole. */
  | { readonly position: number }
  | { readonly note: string };

/** To a thread that reads. */
export type ReaderCall =
  | { readonly what: 'newest'; readonly id: number; readonly query: HubQuery; readonly ms: number }
  | {
      readonly what: 'behind';
      readonly id: number;
      readonly filter: HubFilter;
      readonly position: number;
      readonly upTo: number;
    }
  | {
      readonly what: 'counts';
      readonly id: number;
      readonly filter: Pick<HubFilter, 'agents' | 'since' | 'until'>;
      readonly ms: number;
    }
  /** Makes the next large block, if there is one to be made. */
  | { readonly what: 'merge'; readonly id: number };

/** Of `merge`: a large block, or a file that has no more to be made of and can be shrunk. */
export type MergeAnswer =
  | { readonly kind: 'merged'; readonly merged: Merged }
  | { readonly kind: 'over'; readonly path: string }
  | { readonly kind: 'nothing' };

export type ReaderValues = {
  readonly newest: HubPage;
  readonly behind: Followed;
  readonly counts: { readonly counts: readonly MinuteCount[]; readonly cut: boolean };
  readonly merge: MergeAnswer;
};

export type ReaderAnswer =
  | { readonly id: number; readonly value: ReaderValues[keyof ReaderValues] }
  /** What of a query cannot be used, as a clause. */
  | { readonly id: number; readonly problem: string }
  | { readonly note: string };
