import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import { readJson } from '../server/body.ts';
import type { Doors } from '../server/doors.ts';
import { refuse } from '../server/http-auth.ts';
import type { Access } from './access.ts';
import { answerTrouble, expiryOf, requireAdmin, storing } from './answers.ts';
import { viewCode, viewToken } from './views.ts';

const NAME = v.pipe(v.string(), v.maxLength(300));
const NEW_TOKEN = v.strictObject({
  kind: v.picklist(['agent', 'user']),
  name: NAME,
  label: v.optional(NAME, ''),
  /** A duration: `90d`. */
  expires: v.optional(NAME),
});
const NEW_CODE = v.strictObject({
  agent: v.optional(NAME),
  uses: v.optional(v.number(), 1),
  expires: v.optional(NAME, '1h'),
});
const MOST_BYTES = 16_384;

/** Tokens and enrolment codes, for admins. */
export function registerTokenRoutes(app: FastifyInstance, doors: Doors, access: Access): void {
  const { store } = access;
  app.get('/api/tokens', async (request, reply) => {
    const by = requireAdmin(request, reply, doors);
    if (!by.ok) return by.error;
    const now = doors.clock.now();
    return {
      tokens: store.tokens.list(true).map((token) => viewToken(token, now)),
      codes: store.codes.list().map(viewCode),
    };
  });
  app.post(
    '/api/tokens',
    storing(async (request, reply) => {
      const by = requireAdmin(request, reply, doors);
      if (!by.ok) return by.error;
      const body = await readJson(request, NEW_TOKEN, MOST_BYTES);
      if (!body.ok) return refuse(reply, body.error.status, body.error.message);
      const { kind, name, label, expires: written } = body.value;
      const expires = expiryOf(written, doors.clock.now());
      if (!expires.ok) return answerTrouble(reply, doors, expires.error);
      const until = expires.value === undefined ? {} : { expires: expires.value };
      const made = store.tokens.create({ kind, whose: name, label, ...until }, by.value);
      if (!made.ok) return answerTrouble(reply, doors, made.error);
      return reply.code(201).send({ kind, name, label, ...made.value });
    }),
  );
  app.post(
    '/api/codes',
    storing(async (request, reply) => {
      const by = requireAdmin(request, reply, doors);
      if (!by.ok) return by.error;
      const body = await readJson(request, NEW_CODE, MOST_BYTES);
      if (!body.ok) return refuse(reply, body.error.status, body.error.message);
      const { agent, uses, expires: written } = body.value;
      const now = doors.clock.now();
      const expires = expiryOf(written, now);
      if (!expires.ok) return answerTrouble(reply, doors, expires.error);
      const made = store.codes.createEnrolment(
        { agent, uses, lastsMs: (expires.value ?? now) - now },
        by.value,
      );
      if (!made.ok) return answerTrouble(reply, doors, made.error);
      return reply.code(201).send({ agent: agent ?? null, uses, ...made.value });
    }),
  );
  app.delete(
    '/api/tokens/:id',
    storing(async (request, reply) => {
      const by = requireAdmin(request, reply, doors);
      if (!by.ok) return by.error;
      const { id } = request.params as { readonly id: string };
      const isKnown = store.tokens.get(id) !== undefined || store.codes.revoke(id, by.value);
      if (!isKnown) return refuse(reply, 404, 'cannot find a token or a code of this id');
      store.tokens.revoke(id, by.value);
      return { id, revoked: true };
    }),
  );
}
