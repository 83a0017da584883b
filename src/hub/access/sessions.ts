import { hash, timingSafeEqual } from 'node:crypto';
import { err, ok } from '../../core/result.ts';
import type { SessionCheck } from '../server/doors.ts';
import type { Principal } from '../server/principal.ts';
import { kindOfSecret } from './secrets.ts';
import type { Lookup } from './token-check.ts';

/** A browser that was let in. */
export interface Session {
  /** For the cookie alone. */
  readonly token: string;
  /** What the page sends as `x-vahti-csrf` with whatever changes something. */
  readonly csrf: string;
  readonly principal: Principal;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

const COOKIE = 'vahti_session';
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD'];

/** The session that a browser sends; undefined where it sends none. Whether it still holds is another question. */
export function sessionIn(cookies: string | undefined): string | undefined {
  for (const pair of (cookies ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at === -1 || pair.slice(0, at).trim() !== COOKIE) continue;
    const value = pair.slice(at + 1).trim();
    if (kindOfSecret(value) === 'session') return value;
  }
  return undefined;
}

/** Follows from the session: only who can read an answer to it knows it, and a page of another place cannot. */
export function csrfOf(session: string): string {
  return hash('sha256', `csrf ${session}`, 'base64url');
}

/**
 * Whose session it is that a browser sends, see SessionCheck. What changes something needs the word that only a page of
 * ours can know: browsers send cookies along whoever made them ask.
 */
export function checkSession(
  lookup: Lookup,
  cookies: string | undefined,
  method: string,
  csrf: string | undefined,
): ReturnType<SessionCheck['check']> {
  const session = sessionIn(cookies);
  if (session === undefined) return err(undefined);
  const found = lookup.find(session, ['session']);
  if (!found.ok) return err(found.error.replace('the token', 'the session'));
  if (!SAFE_METHODS.includes(method.toUpperCase()) && !isCsrf(csrf, session))
    return err('the header x-vahti-csrf is not that of the session');
  return ok(found.value.principal);
}

function isCsrf(given: string | undefined, session: string): boolean {
  const [expected, found] = [Buffer.from(csrfOf(session)), Buffer.from(given ?? '')];
  return found.length === expected.length && timingSafeEqual(found, expected);
}

/** The header that gives a browser its session, for its own pages alone and out of reach of their scripts. */
export function cookieOf(session: Session, now: number, secure: boolean): string {
  const seconds = Math.max(0, Math.floor((session.expires - now) / 1000));
  return `${COOKIE}=${session.token}; Max-Age=${seconds}; ${attributes(secure)}`;
}

export function endOfCookie(secure: boolean): string {
  return `${COOKIE}=; Max-Age=0; ${attributes(secure)}`;
}

function attributes(secure: boolean): string {
  return `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}
