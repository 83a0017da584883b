import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { readJson } from '../server/body.ts';
import type { Doors } from '../server/doors.ts';
import { refuse } from '../server/http-auth.ts';
import { ROLES } from '../server/principal.ts';
import type { Access } from './access.ts';
import { answerTrouble, requireAdmin, storing } from './answers.ts';
import { hashNewPassword } from './passwords.ts';
import { viewUser } from './views.ts';

const NAME = v.pipe(v.string(), v.maxLength(300));
const RIGHTS = {
  role: v.exactOptional(v.picklist(ROLES)),
  /** null: all. */
  agents: v.exactOptional(v.nullable(v.pipe(v.array(NAME), v.maxLength(10_000)))),
};
const PASSWORD = v.pipe(v.string(), v.maxLength(2000));
const NEW_USER = v.strictObject({ name: NAME, ...RIGHTS, password: v.optional(PASSWORD) });
/** A password of null takes it away. */
const CHANGE = v.strictObject({ ...RIGHTS, password: v.optional(v.nullable(PASSWORD)) });

/** Users, for admins. */
export function registerUserRoutes(app: FastifyInstance, doors: Doors, access: Access): void {
  const { users } = access.store;
  app.get('/api/users', async (request, reply) => {
    const by = requireAdmin(request, reply, doors);
    return by.ok ? { users: users.list().map(viewUser) } : by.error;
  });
  app.post(
    '/api/users',
    storing(async (request, reply) => {
      const by = requireAdmin(request, reply, doors);
      if (!by.ok) return by.error;
      const body = await readJson(request, NEW_USER);
      if (!body.ok) return refuse(reply, body.error.status, body.error.message);
      const { name, password, ...rights } = body.value;
      const hash = await hashNewPassword(password);
      if (!hash.ok) return refuse(reply, 400, hash.error);
      const made = users.create(name, rights, by.value);
      if (!made.ok) return answerTrouble(reply, doors, made.error);
      if (hash.value !== undefined) users.setPassword(name, hash.value, by.value);
      return reply.code(201).send(viewUser(users.get(name) ?? made.value));
    }),
  );
  app.patch(
    '/api/users/:name',
    storing((request, reply) => changeUser(request, reply, doors, access)),
  );
  app.delete(
    '/api/users/:name',
    storing(async (request, reply) => {
      const by = requireAdmin(request, reply, doors);
      if (!by.ok) return by.error;
      const { name } = request.params as { readonly name: string };
      if (!users.remove(name, by.value)) return refuse(reply, 404, 'cannot find a user of this name');
      return { name, removed: true };
    }),
  );
}

async function changeUser(
  request: FastifyRequest,
  reply: FastifyReply,
  doors: Doors,
  { store: { users } }: Access,
): Promise<unknown> {
  const by = requireAdmin(request, reply, doors);
  if (!by.ok) return by.error;
  const { name } = request.params as { readonly name: string };
  const body = await readJson(request, CHANGE);
  if (!body.ok) return refuse(reply, body.error.status, body.error.message);
  const { password, ...rights } = body.value;
  const hash = await hashNewPassword(password ?? undefined);
  if (!hash.ok) return refuse(reply, 400, hash.error);
  const changed = users.change(name, rights, by.value);
  if (!changed.ok) return answerTrouble(reply, doors, changed.error);
  if (password !== undefined) {
    const set = users.setPassword(name, hash.value, by.value);
    if (!set.ok) return answerTrouble(reply, doors, set.error);
  }
  return viewUser(users.get(name) ?? changed.value);
}
