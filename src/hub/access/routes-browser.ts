import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { err, ok, type Result } from '../../core/result.ts';
import { readJson } from '../server/body.ts';
import type { Doors } from '../server/doors.ts';
import { principalOf, refuse } from '../server/http-auth.ts';
import { type Principal, visibleAgents } from '../server/principal.ts';
import type { Access } from './access.ts';
import { answerTrouble, storing } from './answers.ts';
import { cookieOf, endOfCookie, type Session } from './sessions.ts';

const SHORT = v.pipe(v.string(), v.maxLength(300));
const LOGIN = v.strictObject({ name: SHORT, password: v.pipe(v.string(), v.maxLength(2000)) });
const ENROL = v.strictObject({ code: SHORT, agent: SHORT });
const MOST_BYTES = 16_384;
const LOOK_MS = 2000;
const RETRY_MS = 10_000;

/** How people, and new agents, come in and out. */
export function registerBrowserRoutes(app: FastifyInstance, doors: Doors, access: Access): void {
  const letIn = (request: FastifyRequest, reply: FastifyReply, session: Session): FastifyReply =>
    reply.header('set-cookie', cookieOf(session, doors.clock.now(), isSecure(request)));

  app.post(
    '/api/login',
    storing(async (request, reply) => {
      if (isForeign(request)) return refuse(reply, 403, 'cannot log in from the page of another place');
      const body = await readJson(request, LOGIN, MOST_BYTES);
      if (!body.ok) return refuse(reply, body.error.status, body.error.message);
      const session = await access.login.byPassword(body.value.name, body.value.password, request.ip);
      if (!session.ok) return answerTrouble(reply, doors, session.error);
      return letIn(request, reply, session.value).send(viewSession(session.value));
    }),
  );
  app.get(
    '/login',
    // What only looks whether a link is there must not use it up.
    { exposeHeadRoute: false },
    storing(async (request, reply) => {
      const { code } = request.query as { readonly code?: unknown };
      const session = access.login.byLink(typeof code === 'string' ? code : '', request.ip);
      if (session.ok) return letIn(request, reply, session.value).redirect('/', 303);
      const isPerson = request.headers.accept?.includes('text/html') === true;
      if (!isPerson || session.error.kind !== 'denied') return answerTrouble(reply, doors, session.error);
      doors.counters.count('denied', 'http');
      return reply.redirect('/sign-in?trouble=link', 303);
    }),
  );
  app.post(
    '/api/logout',
    storing(async (request, reply) => {
      const asked = principalOf(request, reply, doors, 'http');
      if (!asked.ok) return asked.error;
      access.logout(request.headers.cookie, request.ip);
      return reply.header('set-cookie', endOfCookie(isSecure(request))).send({ done: true });
    }),
  );
  app.get('/api/me', async (request, reply) => {
    const asked = principalOf(request, reply, doors, 'http');
    if (!asked.ok) return asked.error;
    const session =
      request.headers.authorization === undefined ? access.sessionOf(request.headers.cookie) : undefined;
    return session === undefined ? viewPrincipal(asked.value) : viewSession(session);
  });
  app.post(
    '/api/enroll',
    storing(async (request, reply) => {
      const body = await readJson(request, ENROL, MOST_BYTES);
      if (!body.ok) return refuse(reply, body.error.status, body.error.message);
      const { code, agent } = body.value;
      const isGuess = !access.store.codes.isUsable('enrolment', code);
      const hasRecords = isGuess ? ok(false) : await findRecords(doors, agent);
      if (!hasRecords.ok) return refuse(reply, 503, hasRecords.error, RETRY_MS);
      const made = access.enrol({ code, agent, address: request.ip, hasRecords: hasRecords.value });
      if (!made.ok) return answerTrouble(reply, doors, made.error);
      return reply.code(201).send({ agent, token: made.value.token });
    }),
  );
}

/** Whether there are records of an agent, which may have come in otherwise, or before its tokens were forgotten. */
async function findRecords({ store }: Doors, agent: string): Promise<Result<boolean, string>> {
  const found = await store.newest({ agents: [agent], limit: 1 }, LOOK_MS);
  if (!found.ok || (found.value.cut && found.value.rows.length === 0))
    return err('cannot enrol now: it takes too long to look whether there is such an agent');
  return ok(found.value.rows.length > 0);
}

function viewPrincipal(principal: Principal): Readonly<Record<string, unknown>> {
  const { kind, name } = principal;
  const role = principal.kind === 'user' ? { role: principal.role } : {};
  return { kind, name, ...role, agents: visibleAgents(principal) ?? null };
}

function viewSession({ principal, csrf, expires }: Session): Readonly<Record<string, unknown>> {
  return { ...viewPrincipal(principal), csrf, expires };
}

/** Over TLS the cookie never goes without it. */
function isSecure({ protocol }: FastifyRequest): boolean {
  return protocol === 'https';
}

/** A page of another place must not let anybody in here as somebody else. Programs name no origin. */
function isForeign({ headers: { origin, host } }: FastifyRequest): boolean {
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}
