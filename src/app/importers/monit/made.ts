import type { Keys } from '../draft.ts';

/** What a test becomes: a watch, or why it cannot be one. */
export type Made =
  | {
      readonly kind: 'watch';
      /** What it may be called. */
      readonly name: string;
      readonly keys: Keys;
      /** Of the service: values that a header needs. */
      readonly secrets?: Readonly<Record<string, string>>;
      readonly notes?: readonly string[];
    }
  | { readonly kind: 'left'; readonly why: string }
  /** Vahti does so anyway. */
  | { readonly kind: 'anyway' };

export function left(why: string): Made {
  return { kind: 'left', why };
}
