import type { Keep } from '../blocks/groups.ts';
import type { Merged } from '../blocks/merge.ts';
import type { HubFilter, HubPage, HubQuery } from '../blocks/query.ts';
import type { Pumped } from '../blocks/pump.ts';
import type { Around, Behind, Context, Followed } from '../blocks/read-behind.ts';
import type { CountsPage, CountsQuery } from '../blocks/read-counts.ts';
import type { ValuesPage, ValuesQuery } from '../blocks/read-values.ts';
import type { Taken } from '../blocks/writer.ts';

/** What the threads of the hub are told, and answer. */

export interface ThreadData {
  readonly folder: string;
  readonly keep: Keep;
}

/** To the thread that writes. */
export type WriterCall =
  | { readonly what: 'append'; readonly id: number; readonly from: Sender; readonly json: Uint8Array }
  /** A batch that was refused on its way here. */
  | { readonly what: 'missed'; readonly id: number; readonly from: Sender }
  | { readonly what: 'last'; readonly id: number; readonly series: string }
  | { readonly what: 'replace'; readonly id: number; readonly merged: Merged }
  | { readonly what: 'shrink'; readonly id: number; readonly path: string }
  | { readonly what: 'purge'; readonly id: number }
  | { readonly what: 'close'; readonly id: number };

/** Who sends a batch. */
export interface Sender {
  /** Whose records they are. */
  readonly agent: string;
  /** Whose numbers they have; by default the agent's own. */
  readonly series?: string;
  /**
   * The number of the last record before this batch. Where a batch was refused, those behind it are refused too until it comes again: a
   * higher number that is stored would make the missing ones doubles. Absent where numbers are given at receipt.
   */
  readonly after?: number;
}

export type Append =
  /** `last`: the number of the batch's last record. */
  | ({ readonly ok: true; readonly last: number } & Taken)
  /** `bad`: what was sent is wrong, and stays so. `later`: it may be taken when it is sent again. */
  | { readonly ok: false; readonly kind: 'bad' | 'later'; readonly message: string };

export type WriterAnswer =
  | { readonly id: number; readonly value: unknown }
  /** Up to here everything is stored as a whole. */
  | { readonly position: number }
  | { readonly note: string };

/** To a thread that reads. Each takes some `ms` at most: what takes longer is asked piece by piece, so that others get their turn. */
export type ReaderCall =
  | { readonly what: 'newest'; readonly id: number; readonly query: HubQuery; readonly ms: number }
  | ({ readonly what: 'behind'; readonly id: number; readonly ms: number } & Behind)
  | ({ readonly what: 'countBehind'; readonly id: number; readonly ms: number } & Omit<Behind, 'limit'>)
  | { readonly what: 'counts'; readonly id: number; readonly query: CountsQuery; readonly ms: number }
  | { readonly what: 'values'; readonly id: number; readonly query: ValuesQuery; readonly ms: number }
  | { readonly what: 'context'; readonly id: number; readonly around: Around; readonly ms: number }
  /** From now on `pump` looks for what this filter means; the answer is whether it can be used. */
  | { readonly what: 'watch'; readonly id: number; readonly tail: number; readonly filter: HubFilter }
  | { readonly what: 'unwatch'; readonly id: number; readonly tail: number }
  | {
      readonly what: 'pump';
      readonly id: number;
      readonly position: number;
      readonly upTo: number;
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
  readonly countBehind: { readonly count: number; readonly position: number };
  readonly counts: CountsPage;
  readonly values: ValuesPage;
  readonly context: Context | null;
  readonly watch: true;
  readonly unwatch: true;
  readonly pump: Pumped;
  readonly merge: MergeAnswer;
};

export type ReaderAnswer =
  | { readonly id: number; readonly value: ReaderValues[keyof ReaderValues] }
  /** What of a query cannot be used, as a clause. */
  | { readonly id: number; readonly problem: string }
  | { readonly note: string };
