import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import { readJson } from '../server/body.ts';
import type { Doors } from '../server/doors.ts';
import { principalOf, refuse } from '../server/http-auth.ts';
import type { Access } from './access.ts';
import { answerTrouble, storing } from './answers.ts';

const PASSWORD = v.pipe(v.string(), v.maxLength(2000));
const CHANGE = v.strictObject({ old: PASSWORD, new: PASSWORD });
const MOST_BYTES = 16_384;

/** `POST /api/password`: a user's own password, changed by whoever came in with a browser. */
export function registerOwnPassword(app: FastifyInstance, doors: Doors, access: Access): void {
  app.post(
    '/api/password',
    storing(async (request, reply) => {
      const asked = principalOf(request, reply, doors, 'http');
      if (!asked.ok) return asked.error;
      const { authorization, cookie } = request.headers;
      const session = authorization === undefined ? access.sessionOf(cookie) : undefined;
      if (session === undefined)
        return refuse(reply, 403, 'cannot change a password by a token: it takes a session');
      const body = await readJson(request, CHANGE, MOST_BYTES);
      if (!body.ok) return refuse(reply, body.error.status, body.error.message);
      const changed = await access.changePassword(session, { ...body.value, address: request.ip });
      return changed.ok ? { done: true } : answerTrouble(reply, doors, changed.error);
    }),
  );
}
