import { isDeepStrictEqual } from 'node:util';
import { err, ok, type Result } from '../../../core/result.ts';
import type { Principal } from '../../server/principal.ts';
import type { SessionCheck, TokenCheck } from '../../server/doors.ts';

/** Somebody who was let in. */
export interface Credential {
  readonly principal: Principal;
  /** Whether the token, or the session, still lets in: asked each second at most. */
  holds(): boolean;
  /** The number of an old token's account. */
  readonly uid?: number;
}

/** Why somebody is not let in: in the words of the old protocol, and in ours. */
export interface Denial {
  readonly comment: string;
  readonly message: string;
}

export type CheckCredential = (token: unknown) => Result<Credential, Denial>;

/** @param old reads tokens that are objects, as the old login service made them. */
export function createCredentials(tokens: TokenCheck, old?: CheckCredential): CheckCredential {
  return (token) => {
    if (typeof token !== 'string') {
      if (old !== undefined) return old(token);
      return err({ comment: 'Invalid token', message: 'cannot let you in: the token is no text' });
    }
    const checked = tokens.check(token);
    if (!checked.ok) {
      const message = `cannot let you in: ${checked.error}`;
      return err({ comment: message, message });
    }
    const principal = checked.value;
    return ok({ principal, holds: () => tokens.holds(token, principal) });
  };
}

/**
 * Lets in a page of the hub itself: by the cookie that its browser sent when it opened the connection, and by the word that only
 * a page of ours can know, since browsers send cookies along whoever made them ask.
 * @param cookies the header of the request that was upgraded.
 */
export function createSessionCheck(sessions: SessionCheck, cookies: string | undefined): CheckCredential {
  return (csrf) => {
    if (typeof csrf !== 'string') return sessionDenied('the session is no text');
    const checked = sessions.check(cookies, 'POST', csrf);
    if (!checked.ok) return sessionDenied(checked.error ?? 'the browser sent no session');
    const principal = checked.value;
    return ok({
      principal,
      holds() {
        const now = sessions.check(cookies, 'POST', csrf);
        return now.ok && (now.value === principal || isDeepStrictEqual(now.value, principal));
      },
    });
  };
}

function sessionDenied(why: string): Result<never, Denial> {
  const message = `cannot let you in: ${why}`;
  return err({ comment: message, message });
}
