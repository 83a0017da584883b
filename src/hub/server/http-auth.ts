import type { FastifyReply, FastifyRequest } from 'fastify';
import { err, ok, type Result } from '../../core/result.ts';
import type { Doors } from './doors.ts';
import type { Principal } from './principal.ts';

/** Why somebody is not let in. */
export interface AuthTrouble {
  readonly status: 401 | 403 | 429;
  /** `cannot …`. */
  readonly message: string;
  readonly retryAfterMs?: number;
}

/**
 * Who asks: by `Authorization: Bearer TOKEN`, by Basic with the token as the password (what old shippers know), or by the cookie of a
 * session. A token in the address is not taken: addresses are written into logs.
 */
export function authenticate(
  request: FastifyRequest,
  doors: Pick<Doors, 'tokens' | 'sessions'>,
): Result<Principal, AuthTrouble> {
  const token = tokenIn(request.headers.authorization);
  if (token !== undefined) {
    const checked = doors.tokens.check(token);
    if (checked.ok) return checked;
    const retryAfterMs = doors.tokens.failed?.(request.ip);
    return retryAfterMs === undefined
      ? denied(checked.error)
      : err({
          status: 429,
          message: 'cannot let you in now: too many tokens did not hold',
          retryAfterMs,
        });
  }
  const csrf = request.headers['x-vahti-csrf'];
  const session = doors.sessions.check(
    request.headers.cookie,
    request.method,
    typeof csrf === 'string' ? csrf : undefined,
  );
  return session.ok ? session : denied(session.error ?? 'no token was given');
}

function denied(why: string): Result<never, AuthTrouble> {
  return err({ status: 401, message: `cannot let you in: ${why}` });
}

/** The token of an Authorization header; undefined where there is none. */
export function tokenIn(header: string | undefined): string | undefined {
  const [, scheme, value] = /^(Bearer|Basic) +([^\s]{1,4096})$/i.exec(header ?? '') ?? [];
  if (scheme === undefined || value === undefined) return undefined;
  if (scheme.toLowerCase() === 'bearer') return value;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

/** Answers with an error in the form that every route uses. */
export function refuse(
  reply: FastifyReply,
  status: number,
  message: string,
  retryAfterMs?: number,
): FastifyReply {
  if (retryAfterMs !== undefined)
    void reply.header('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1000)));
  if (status === 401) void reply.header('www-authenticate', 'Bearer realm="vahti"');
  return reply.code(status).send({ error: { code: CODES[status] ?? 'failed', message } });
}

const CODES: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'denied',
  403: 'forbidden',
  404: 'unknown',
  405: 'unknown',
  409: 'conflict',
  413: 'too-large',
  415: 'invalid',
  429: 'later',
  502: 'failed',
  503: 'later',
  504: 'unanswered',
};

/** `authenticate` for routes: answers by itself where nobody is let in. */
export function principalOf(
  request: FastifyRequest,
  reply: FastifyReply,
  doors: Doors,
  protocol: string,
): Result<Principal, FastifyReply> {
  const asked = authenticate(request, doors);
  if (asked.ok) return ok(asked.value);
  doors.counters.count('denied', protocol);
  return err(refuse(reply, asked.error.status, asked.error.message, asked.error.retryAfterMs));
}
