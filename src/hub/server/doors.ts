import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { Result } from '../../core/result.ts';
import type { Intake } from '../ingest/intake.ts';
import type { HubStore } from '../threads/hub-store.ts';
import type { Principal } from './principal.ts';

/** What every protocol of the hub is given. */
export interface Doors {
  readonly store: HubStore;
  /** For what comes without numbers of its own. */
  readonly intake: Intake;
  readonly tokens: TokenCheck;
  readonly sessions: SessionCheck;
  readonly limits: AgentLimits;
  readonly counters: HubCounters;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whose a token is. Implementation: `hub/access/`. */
export interface TokenCheck {
  /** The error is a clause for whoever sent it: `the token is not known`, `the token was revoked`, `the token has expired`. */
  check(token: string): Result<Principal, string>;
  /** Whether a principal that was let in is so still: connections ask again and again (each second at most). */
  holds(token: string, principal: Principal): boolean;
  /** Counts a token that did not hold. @returns undefined, or how many milliseconds its sender has to wait before the next. */
  failed?(address: string): number | undefined;
}

/** Whose a browser's session is. Implementation: `hub/access/`. */
export interface SessionCheck {
  /**
   * @param cookies the header, as it came. @param csrf the header `x-vahti-csrf`; needed for anything but GET and HEAD.
   * The error is a clause; undefined where there is no session at all.
   */
  check(
    cookies: string | undefined,
    method: string,
    csrf: string | undefined,
  ): Result<Principal, string | undefined>;
}

/** What one agent may send, so that it does not crowd out the others. */
export interface AgentLimits {
  /**
   * Asks whether an agent may send so much now, and counts it.
   * @returns undefined, or after how many milliseconds it may try again.
   */
  take(agent: string, records: number, bytes: number): number | undefined;
}

/** What is shown on `/metrics` and the page. All grow only. */
export interface HubCounters {
  /** Counts something by the protocol that it came by: `ws`, `http`, `loki`, `otlp`, `syslog`. */
  count(what: CounterName, protocol: string, by?: number): void;
  read(): readonly { readonly what: CounterName; readonly protocol: string; readonly value: number }[];
}

export type CounterName =
  /** Records that are stored. */
  | 'stored'
  /** Records that had been stored before. */
  | 'doubled'
  /** Records that were refused for good: what is wrong was said to whoever sent them. */
  | 'rejected'
  /** Batches that were put off: 429, 503, or their form in the protocol. */
  | 'deferred'
  /** Records that were lost on the way, as far as it is known: where a protocol cannot put anybody off, or says of a gap. */
  | 'dropped'
  /** Requests or connections without a valid token. */
  | 'denied'
  /** Rows that a tail was too slow for. */
  | 'skipped'
  /** What people asked of agents, and what of it got no answer that can be used. */
  | 'asked'
  | 'unanswered';
