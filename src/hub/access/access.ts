import type { Clock, Timer } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { DatabaseError } from '../../core/sqlite.ts';
import type { SessionCheck, TokenCheck } from '../server/doors.ts';
import type { By } from './audit-log.ts';
import { type Attempts, createAttempts, networkOf } from './attempts.ts';
import type { Enrolment } from './code-store.ts';
import { createDenials, type Denials } from './denials.ts';
import { type ComingInTrouble, createLogin, type Login } from './login.ts';
import { type ChangeOwnPassword, createChangeOwnPassword } from './own-password.ts';
import { createGate, HASHES, type HashCost } from './passwords.ts';
import { checkSession, csrfOf, type Session, sessionIn } from './sessions.ts';
import type { AccessStore } from './store.ts';
import type { AccessTrouble } from './store-context.ts';
import { createLookup, isSame, type Lookup } from './token-check.ts';
import type { MadeToken } from './token-store.ts';

/** Who is let into a running hub. */
export interface Access {
  readonly store: AccessStore;
  readonly tokens: TokenCheck;
  readonly sessions: SessionCheck;
  readonly login: Login;
  readonly changePassword: ChangeOwnPassword;
  /** A token for an agent, for an enrolment code. */
  enrol(enrolment: Enrolment): Result<MadeToken, AccessTrouble | ComingInTrouble>;
  /** The session that a browser sends, where it holds. */
  sessionOf(cookies: string | undefined): Session | undefined;
  /** Writes into the audit what somebody did, as far as the disk lets it: nobody is kept from acting by that. */
  acted(by: By, what: string, whom: string): void;
  /** Ends the session that a browser sends. */
  logout(cookies: string | undefined, address: string): void;
  /** Writes down what has to be, and closes the store. */
  close(): void;
}

/** What was seen or denied is written down so often. */
const SAVE_MS = 60_000;
const TRIM_MS = 3_600_000;

export interface AccessOptions {
  /** Is closed with it. */
  readonly store: AccessStore;
  readonly clock: Clock;
  readonly log: Log;
  /** What a password takes; less for tests. */
  readonly cost?: HashCost;
}

export function createAccess(options: AccessOptions): Access {
  const { store, clock, log } = options;
  const lookup = createLookup(store, clock);
  const denials = createDenials();
  const attempts = createAttempts(clock);
  const gate = createGate(HASHES.atOnce, HASHES.waiting);
  const parts = { store, clock, denials, attempts, gate, cost: options.cost };
  const upkeep = keepUp(options, lookup, denials);
  return {
    store,
    tokens: createTokenCheck(lookup, attempts, denials),
    sessions: { check: (cookies, method, csrf) => checkSession(lookup, cookies, method, csrf) },
    login: createLogin(parts),
    changePassword: createChangeOwnPassword(parts),
    enrol(enrolment) {
      const { address } = enrolment;
      const made = store.codes.enrol(enrolment);
      if (made.ok) return made;
      denials.add('an enrolment was denied', '', address);
      const retryAfterMs = attempts.take([`enrol ${networkOf(address)}`]);
      if (retryAfterMs === undefined) return made;
      return err({ kind: 'later', message: 'cannot enrol now: there were too many attempts', retryAfterMs });
    },
    sessionOf(cookies) {
      const token = sessionIn(cookies);
      const found = token === undefined ? undefined : lookup.find(token, ['session']);
      if (token === undefined || found?.ok !== true) return undefined;
      const { principal, token: row } = found.value;
      return { token, csrf: csrfOf(token), principal, expires: row.expires ?? 0 };
    },
    acted({ who, address }, what, whom) {
      try {
        store.audit.addAll([{ who, address, what, whom, times: 1 }]);
      } catch (error) {
        if (!(error instanceof DatabaseError && error.retry)) throw error;
        log.warn('cannot write into the audit what was done', {
          who,
          address,
          what,
          whom,
          error: error.message,
        });
      }
    },
    logout(cookies, address) {
      const session = sessionIn(cookies);
      const token = session === undefined ? undefined : store.tokens.find(session);
      if (token !== undefined) store.tokens.revoke(token.id, { who: `user ${token.whose}`, address });
    },
    close() {
      upkeep.end();
      store.close();
    },
  };
}

function createTokenCheck(lookup: Lookup, attempts: Attempts, denials: Denials): TokenCheck {
  return {
    check(token) {
      const found = lookup.find(token, ['agent', 'user']);
      return found.ok ? ok(found.value.principal) : found;
    },
    holds: (token, principal) => isSame(lookup.find(token, ['agent', 'user', 'session']), principal),
    // Only wrong tokens are limited, not whoever sends them: behind one address may be many, and one of them broken.
    failed(address) {
      denials.add('a token was denied', '', address);
      return attempts.take([`token ${networkOf(address)}`]);
    },
  };
}

/** Writes down, once in a while, who was seen and who was denied, and forgets what is old. */
function keepUp({ store, clock, log }: AccessOptions, lookup: Lookup, denials: Denials): { end(): void } {
  let timer: Timer;
  let trimmed = Number.NEGATIVE_INFINITY;
  const save = (trims: boolean): void => {
    try {
      store.tokens.saveUse(lookup.takeUse());
      store.audit.addAll(denials.rows());
      denials.forget();
      if (!trims || clock.monotonic() - trimmed < TRIM_MS) return;
      store.trim();
      trimmed = clock.monotonic();
    } catch (error) {
      if (!(error instanceof DatabaseError && error.retry)) throw error;
      log.warn('cannot write down now who came in and who was denied; it is tried again', {
        error: error.message,
      });
    }
  };
  const arm = (): void => {
    timer = clock.timer(SAVE_MS, () => {
      save(true);
      arm();
    });
  };
  arm();
  return {
    end() {
      timer.cancel();
      save(false);
    },
  };
}
