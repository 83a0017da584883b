import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { err, ok, type Result } from '../../../core/result.ts';
import type { Doors } from '../../server/doors.ts';
import { authenticate, refuse } from '../../server/http-auth.ts';
import { visibleAgents } from '../../server/principal.ts';
import { MOST_HOURS, STATISTICS, type StatisticName } from '../watchdog/statistics.ts';
import type { Watchdogs } from '../watchdog/watchdogs.ts';
import type { Credential } from '../ws/credentials.ts';

const MOST_BYTES = 65_536;

type Body = Readonly<Record<string, unknown>>;
type Answer = (body: Body, reply: FastifyReply, request: FastifyRequest) => unknown;

/**
 * The old service's statistics: GET with JSON in the body, as it was, and POST. The token is in the body, or in the header as everywhere.
 * What the old service refused is answered as it was, with status 200.
 */
export function registerStatistics(app: FastifyInstance, doors: Doors, watchdogs: Watchdogs): void {
  const routes: readonly (readonly [string, Answer])[] = [
    ['/publicStatistics', (body, reply, request) => publicly(body, reply, request, doors, watchdogs)],
    ['/submitStatistics', (body, reply, request) => submit(body, reply, request, doors, watchdogs)],
    ['/privateStatistics', (body, reply, request) => privately(body, reply, request, doors, watchdogs)],
  ];
  for (const [url, answer] of routes) {
    app.get(url, async (request, reply) => {
      const body = await readRaw(request);
      return answered(body, request, reply, answer);
    });
    app.post(url, { bodyLimit: MOST_BYTES }, (request, reply) =>
      answered(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0), request, reply, answer),
    );
  }
}

async function answered(
  body: Buffer | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
): Promise<unknown> {
  if (body === undefined) return refuse(reply, 413, `cannot take a body of more than ${MOST_BYTES} bytes`);
  const read = readObject(body);
  return read.ok ? answer(read.value, reply, request) : incomplete(reply, read.error);
}

/** The body of a GET, which the server does not read by itself. Undefined where it is too long, or does not come whole. */
async function readRaw({ raw }: FastifyRequest): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // The answer still needs the connection.
    for await (const chunk of raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

function readObject(body: Buffer): Result<Body, string> {
  const text = body.toString('utf8').trim();
  if (text === '') return ok({});
  try {
    const given: unknown = JSON.parse(text);
    if (typeof given === 'object' && given !== null && !Array.isArray(given)) return ok(given as Body);
  } catch {
    // Said below.
  }
  return err('the body is no JSON object');
}

function incomplete(reply: FastifyReply, detail = 'Incomplete request form'): FastifyReply {
  return reply.code(400).send({ detail });
}

function failed(reply: FastifyReply, comment: string): FastifyReply {
  return reply.send({ success: false, comment });
}

/** As the old service called what is wrong with a token. */
const COMMENTS: Readonly<Record<string, string>> = {
  'Invalid token': 'InvalidToken',
  'Invalid signature': 'VerificationFailed',
};

/** The error is a comment; undefined where there is no token at all. */
function letIn(
  { token }: Body,
  request: FastifyRequest,
  doors: Doors,
  { check }: Watchdogs,
): Result<Pick<Credential, 'principal' | 'uid'>, string | undefined> {
  if (token !== undefined) {
    const checked = check(token);
    if (checked.ok) return checked;
    doors.counters.count('denied', 'http');
    return err(COMMENTS[checked.error.comment] ?? checked.error.comment);
  }
  const asked = authenticate(request, doors);
  return asked.ok ? ok({ principal: asked.value }) : err(undefined);
}

function publicly(
  body: Body,
  reply: FastifyReply,
  request: FastifyRequest,
  doors: Doors,
  watchdogs: Watchdogs,
): unknown {
  if (!watchdogs.isPublic && !letIn(body, request, doors, watchdogs).ok)
    return refuse(reply, 401, 'cannot show statistics without a token: they are not public here');
  return { success: true, statistics: watchdogs.statistics.summary() };
}

function submit(
  body: Body,
  reply: FastifyReply,
  request: FastifyRequest,
  doors: Doors,
  watchdogs: Watchdogs,
): unknown {
  const { statistic, value, deviceid } = body;
  if (statistic === undefined || value === undefined || deviceid === undefined) return incomplete(reply);
  const asked = letIn(body, request, doors, watchdogs);
  if (!asked.ok) return asked.error === undefined ? incomplete(reply) : failed(reply, asked.error);
  const { principal, uid } = asked.value;
  if (principal.kind !== 'agent') return failed(reply, 'Not a client');
  if (!isStatistic(statistic)) return failed(reply, 'Not a valid statistic');
  if (!Number.isSafeInteger(deviceid)) return incomplete(reply, 'deviceid is no whole number');
  if (!isInt4(value)) return incomplete(reply, 'value is no whole number of 32 bits');
  const { name: agent } = principal;
  const entry = { agent, uid: String(uid ?? agent), device: deviceid as number, statistic, value };
  return watchdogs.statistics.submit(entry) ? { success: true } : failed(reply, 'Too many updates');
}

function isStatistic(value: unknown): value is StatisticName {
  return (STATISTICS as readonly unknown[]).includes(value);
}

function isInt4(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= 2_147_483_647;
}

function privately(
  body: Body,
  reply: FastifyReply,
  request: FastifyRequest,
  doors: Doors,
  watchdogs: Watchdogs,
): unknown {
  const { time } = body;
  if (time === undefined) return incomplete(reply);
  const asked = letIn(body, request, doors, watchdogs);
  if (!asked.ok) return asked.error === undefined ? incomplete(reply) : failed(reply, asked.error);
  const { principal } = asked.value;
  if (principal.kind !== 'user') return failed(reply, 'Not a user');
  if (!Number.isInteger(time) || (time as number) < 1 || (time as number) > MOST_HOURS)
    return failed(reply, 'Invalid timeframe');
  return {
    success: true,
    statistics: watchdogs.statistics.ofAgents(visibleAgents(principal), time as number),
  };
}
