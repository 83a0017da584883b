import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ok } from '../../../core/result.ts';
import { readBody } from '../../server/body.ts';
import type { Doors } from '../../server/doors.ts';
import { principalOf, refuse } from '../../server/http-auth.ts';
import { MOST_ENTRIES, readEntries, type UploadKind } from '../watchdog/entries.ts';
import { readUploadKey } from '../watchdog/upload-keys.ts';
import type { Watchdogs } from '../watchdog/watchdogs.ts';
import { readEntryList } from './bodies.ts';
import { readEntry, readNames } from './entries.ts';
import { registerStatistics } from './statistics-routes.ts';

const ROUTES = [
  { url: '/api/logs', kind: 'log', list: 'logs' },
  { url: '/api/notifications', kind: 'notification', list: 'notifications' },
] as const;

/** Of a body, unpacked. */
const MOST_BYTES = 8 * 1024 * 1024;

/** Logs and notifications by plain HTTP, and the old service's statistics. */
export function registerApi(app: FastifyInstance, doors: Doors, watchdogs: Watchdogs): void {
  for (const { url, kind, list } of ROUTES) registerUpload(app, doors, watchdogs, { url, kind, list });
  registerStatistics(app, doors, watchdogs);
}

interface UploadRoute {
  readonly url: string;
  readonly kind: UploadKind;
  readonly list: string;
}

function registerUpload(
  app: FastifyInstance,
  doors: Doors,
  { uploads }: Watchdogs,
  { url, kind, list }: UploadRoute,
): void {
  /** Who sends, as he was let in before the body was read. */
  const agents = new WeakMap<FastifyRequest, string>();
  const letIn = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const asked = principalOf(request, reply, doors, 'http');
    if (!asked.ok) return asked.error;
    const { kind: who, name } = asked.value;
    if (who !== 'agent')
      return refuse(reply, 403, `cannot store ${list} of a user: that is for agents' tokens`);
    agents.set(request, name);
    return undefined;
  };
  app.post(url, { onRequest: letIn }, async (request, reply) => {
    const agent = agents.get(request) ?? '';
    const bad = (message: string): FastifyReply => {
      doors.counters.count('rejected', 'http');
      return refuse(reply, 400, `cannot store these ${list}: ${message}`);
    };
    const body = await readBody(request, MOST_BYTES);
    if (!body.ok) return refuse(reply, body.error.status, body.error.message);
    const given = readEntryList(body.value, request.headers['content-type'], list);
    if (!given.ok) return bad(given.error);
    if (given.value.length > MOST_ENTRIES)
      return refuse(
        reply,
        413,
        `cannot store ${given.value.length} ${list} at once: ${MOST_ENTRIES} at most`,
      );
    const read = readEntry(agent, kind, readNames(request.query), doors.clock.micros());
    const records = readEntries(given.value, read);
    if (!records.ok) return bad(`entry ${records.error}`);
    const { 'idempotency-key': header } = request.headers;
    const key = typeof header === 'string' ? readUploadKey(header, kind, given.value) : ok(undefined);
    if (!key.ok) return bad(key.error);
    const done = await uploads.take({ agent, kind, records: records.value, key: key.value }, 'http');
    if (done.ok)
      return reply.send(
        key.value === undefined ? { stored: done.stored } : { stored: done.stored, doubled: done.doubled },
      );
    const { code, message, retryAfterMs } = done.error;
    if (code === 'later') return refuse(reply, done.isLimit === true ? 429 : 503, message, retryAfterMs);
    return refuse(reply, 409, message);
  });
}
