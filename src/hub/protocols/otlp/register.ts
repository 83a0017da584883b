import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { OTLP_TYPES, type OtlpForm, otlpResponse, otlpStatus } from '../../../wire/otlp/answers.ts';
import { decodeOtlpJson } from '../../../wire/otlp/json.ts';
import { decodeOtlpProtobuf } from '../../../wire/otlp/protobuf.ts';
import { acceptRecords } from '../../ingest/accept.ts';
import { readBody } from '../../server/body.ts';
import type { Doors } from '../../server/doors.ts';
import { authenticate } from '../../server/http-auth.ts';
import { recordsOfLogs } from './to-records.ts';

/** Largest request, unpacked. */
const MOST_BYTES = 20 * 1024 * 1024;

/** Codes of gRPC for statuses of HTTP. */
const CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 413: 3, 415: 3, 429: 8, 503: 14 };
const UNKNOWN_CODE = 2;

/** OTLP's way in (docs/hub-front-doors.md): `POST /v1/logs`, JSON or protobuf. A log that is wrong by itself is left out, and told of. */
export function registerOtlp(app: FastifyInstance, doors: Doors): void {
  // The second is where Loki has it: a client needs nothing but another host.
  for (const path of ['/v1/logs', '/otlp/v1/logs'])
    app.post(path, (request, reply) => takeLogs(request, reply, doors));
}

async function takeLogs(request: FastifyRequest, reply: FastifyReply, doors: Doors): Promise<FastifyReply> {
  const form = formOf(request.headers['content-type'] ?? '');
  const refuse = (status: number, message: string, retryAfterMs?: number): FastifyReply => {
    if (retryAfterMs !== undefined)
      void reply.header('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1000)));
    const body = otlpStatus(form ?? 'json', CODES[status] ?? UNKNOWN_CODE, message);
    return reply
      .code(status)
      .type(OTLP_TYPES[form ?? 'json'])
      .send(body);
  };
  const asked = authenticate(request, doors);
  if (!asked.ok) {
    doors.counters.count('denied', 'otlp');
    return refuse(asked.error.status, asked.error.message, asked.error.retryAfterMs);
  }
  if (asked.value.kind !== 'agent')
    return refuse(403, 'cannot take records of a user: use the token of an agent');
  if (form === undefined) return refuse(415, 'cannot read logs of this type: send JSON or protobuf');
  const body = await readBody(request, MOST_BYTES);
  if (!body.ok) return refuse(body.error.status, body.error.message);
  const decoded =
    form === 'json' ? decodeOtlpJson(body.value.toString('utf8')) : decodeOtlpProtobuf(body.value);
  if (!decoded.ok) {
    doors.counters.count('rejected', 'otlp');
    return refuse(400, `cannot read the logs: ${decoded.error}`);
  }
  const { groups, rejected, why } = decoded.value;
  const { name } = asked.value;
  const count = groups.reduce((sum, { logs }) => sum + logs.length, 0);
  const all = recordsOfLogs(groups, name, doors.clock.micros());
  const accepted = await acceptRecords(doors, 'otlp', name, { all, count, bytes: body.value.length });
  if (accepted.kind === 'later') return refuse(accepted.status, accepted.message, accepted.retryAfterMs);
  if (accepted.kind === 'bad') return refuse(400, accepted.message);
  if (rejected > 0) doors.counters.count('rejected', 'otlp', rejected);
  const answer = otlpResponse(form, rejected, rejected === 0 ? '' : `cannot read a log: ${why}`);
  return reply.code(200).type(OTLP_TYPES[form]).send(answer);
}

function formOf(type: string): OtlpForm | undefined {
  const [word = ''] = type.toLowerCase().split(';');
  if (word.trim() === OTLP_TYPES.json) return 'json';
  return word.trim() === OTLP_TYPES.protobuf ? 'protobuf' : undefined;
}
