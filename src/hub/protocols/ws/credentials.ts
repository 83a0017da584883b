import { err, ok, type Result } from '../../../core/result.ts';
import type { Principal } from '../../server/principal.ts';
import type { TokenCheck } from '../../server/doors.ts';

/** Somebody who was let in. */
export interface Credential {
  readonly principal: Principal;
  /** Whether the token still lets in: asked each second at most. */
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
