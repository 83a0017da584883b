import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Doors } from '../server/doors.ts';
import { principalOf, refuse } from '../server/http-auth.ts';
import type { Principal } from '../server/principal.ts';
import type { ActionError } from '../server/session.ts';
import { exportHttp } from './export.ts';
import { createQueries, type Given, type Question } from './queries.ts';
import { createTailRoom } from './tail.ts';
import { tailHttp } from './tail-http.ts';
import { createTurns } from './turns.ts';

const STATUS: Readonly<Record<ActionError['code'], number>> = {
  invalid: 400,
  forbidden: 403,
  unknown: 404,
  later: 429,
  failed: 500,
};

/** Exports of one principal that read at a time: each page is a turn. */
const EXPORTS = 1;
const EXPORTS_WAITING = 10;
const MOST_TAILS = 1000;

/** `GET /api/records`, `context`, `counts`, `values`, `export`, `tail`: see docs/hub-queries.md. */
export function registerQueries(app: FastifyInstance, doors: Doors): void {
  const queries = createQueries(doors);
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  const get = (
    path: string,
    answer: (request: FastifyRequest, reply: FastifyReply, principal: Principal) => Promise<FastifyReply>,
  ): void => {
    // HEAD of an answer that does not end would not end either.
    app.get(path, { exposeHeadRoute: false }, async (request, reply) => {
      const principal = principalOf(request, reply, doors, 'http');
      return principal.ok ? answer(request, reply, principal.value) : principal.error;
    });
  };
  const asking = (path: string, question: Question): void =>
    get(path, async (request, reply, principal) => {
      const stop = new AbortController();
      reply.raw.on('close', () => stop.abort());
      const signal = AbortSignal.any([stop.signal, closing.signal]);
      const answer = await question(request.query as Given, { principal, signal });
      if (answer.ok) return reply.send(answer.body);
      const { code, message, retryAfterMs } = answer.error;
      return refuse(reply, STATUS[code], message, retryAfterMs);
    });
  asking('/api/records', queries.query);
  asking('/api/context', queries.context);
  asking('/api/counts', queries.counts);
  asking('/api/values', queries.values);
  const turns = createTurns(EXPORTS, EXPORTS_WAITING);
  get('/api/export', (request, reply, principal) =>
    exportHttp(request, reply, { doors, principal, turns, closing: closing.signal }),
  );
  const room = createTailRoom(MOST_TAILS);
  get('/api/tail', (request, reply, principal) =>
    tailHttp(request, reply, { doors, principal, room, closing: closing.signal }),
  );
}
