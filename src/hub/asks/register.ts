import type { FastifyInstance } from 'fastify';
import { askBody } from '../../wire/page/asks.ts';
import { readJson } from '../server/body.ts';
import type { Doors } from '../server/doors.ts';
import { principalOf, refuse } from '../server/http-auth.ts';
import type { Asks } from './asks.ts';

const MOST_BYTES = 65_536;

/** `POST /api/ask/METHOD`: what people ask of a daemon, see wire/page/asks.ts. Answers `{value}`. */
export function registerAsks(app: FastifyInstance, doors: Doors, asks: Asks): void {
  app.post('/api/ask/:method', async (request, reply) => {
    const asked = principalOf(request, reply, doors, 'http');
    if (!asked.ok) return asked.error;
    const user = asked.value;
    if (user.kind !== 'user') return refuse(reply, 403, 'cannot ask as an agent: it takes a user');
    const body = await readJson(request, askBody, MOST_BYTES);
    if (!body.ok) return refuse(reply, body.error.status, body.error.message);
    const { method } = request.params as { readonly method: string };
    const answer = await asks.ask(method, body.value, user, request.ip);
    if (answer.ok) return reply.send({ value: answer.value });
    const { status, message, retryAfterMs } = answer.error;
    return refuse(reply, status, message, retryAfterMs);
  });
}
