import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseDuration } from '../../core/durations.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { DatabaseError } from '../../core/sqlite.ts';
import type { Doors } from '../server/doors.ts';
import { principalOf, refuse } from '../server/http-auth.ts';
import { hasRole } from '../server/principal.ts';
import type { By } from './audit-log.ts';
import type { ComingInTrouble } from './login.ts';
import type { AccessTrouble } from './store-context.ts';

const PROTOCOL = 'http';
const BUSY_RETRY_MS = 1000;

const STATUS = {
  invalid: 400,
  denied: 401,
  forbidden: 403,
  unknown: 404,
  conflict: 409,
  full: 409,
  later: 429,
} as const;

/** The answer to whom it cannot be done for. */
export function answerTrouble(
  reply: FastifyReply,
  doors: Doors,
  trouble: AccessTrouble | ComingInTrouble,
): FastifyReply {
  if (trouble.kind === 'denied' || trouble.kind === 'later') doors.counters.count('denied', PROTOCOL);
  const retryAfterMs = trouble.kind === 'later' ? trouble.retryAfterMs : undefined;
  return refuse(reply, STATUS[trouble.kind], trouble.message, retryAfterMs);
}

/** A route that answers 503 where the disk is full, or another process is in the way. */
export function storing(
  handle: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  return async (request, reply) => {
    try {
      return await handle(request, reply);
    } catch (error) {
      if (!(error instanceof DatabaseError && error.retry)) throw error;
      const why = error.kind === 'full' ? 'the disk is full' : 'another process writes';
      return refuse(reply, 503, `cannot store this now: ${why}`, BUSY_RETRY_MS);
    }
  };
}

/** Lets admins alone on. The error is the answer, which was sent. */
export function requireAdmin(
  request: FastifyRequest,
  reply: FastifyReply,
  doors: Doors,
): Result<By, FastifyReply> {
  const asked = principalOf(request, reply, doors, PROTOCOL);
  if (!asked.ok) return asked;
  if (!hasRole(asked.value, 'admin')) return err(refuse(reply, 403, 'cannot do this: it takes an admin'));
  return ok({ who: `user ${asked.value.name}`, address: request.ip });
}

/** When something that is made now expires. The error is a sentence. */
export function expiryOf(
  written: string | undefined,
  now: number,
): Result<number | undefined, AccessTrouble> {
  if (written === undefined) return ok(undefined);
  const lasts = parseDuration(written);
  return lasts.ok ? ok(now + lasts.value) : err({ kind: 'invalid', message: `expires: ${lasts.error}` });
}
