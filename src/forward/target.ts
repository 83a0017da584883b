import type { Clock } from '../core/clock.ts';
import type { StoredRecord } from '../core/record.ts';
import { asError } from '../core/result.ts';

/** Where records are forwarded to. */
export interface ForwardTarget {
  /** Sends a batch once. Never rejects; after an abort nothing of it is left open. */
  send(records: readonly StoredRecord[], signal: AbortSignal): Promise<SendOutcome>;
  close(): void;
}

/** What came of a batch; `why` is a clause without secrets: `it answered 503`. */
export type SendOutcome =
  /** `rejected`: so many of it were taken and thrown away, as the far side says. */
  | { readonly kind: 'taken'; readonly rejected?: { readonly count: number; readonly why: string } }
  /** It may be taken when it is sent again. */
  | { readonly kind: 'later'; readonly why: string; readonly retryAfterMs: number }
  /** It stays wrong: a record of it at least. */
  | { readonly kind: 'refused'; readonly why: string };

export interface TargetOptions {
  readonly url: string;
  /** The secret itself. */
  readonly token?: string;
  readonly user?: string;
  readonly tenant?: string;
  /** PEM. */
  readonly ca?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** What names a proxy: HTTP_PROXY, HTTPS_PROXY, NO_PROXY. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** An answer, or a connection, that takes longer has failed. */
export const SEND_MS = 30_000;

/** A target that is opened when it is first used; where that cannot be, it is tried again as after any other trouble. */
export function lateTarget(open: () => Promise<ForwardTarget>): ForwardTarget {
  let target: ForwardTarget | undefined;
  return {
    async send(records, signal) {
      try {
        target ??= await open();
      } catch (thrown) {
        return { kind: 'later', why: asError(thrown).message, retryAfterMs: 0 };
      }
      return target.send(records, signal);
    },
    close: () => target?.close(),
  };
}
