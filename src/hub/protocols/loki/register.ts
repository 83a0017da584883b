import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { err, ok, type Result } from '../../../core/result.ts';
import { decodeLokiJson, decodeLokiProtobuf, type LokiStream } from '../../../wire/loki/push.ts';
import { decodeSnappy } from '../../../wire/snappy.ts';
import { acceptRecords } from '../../ingest/accept.ts';
import { readBody } from '../../server/body.ts';
import type { Doors } from '../../server/doors.ts';
import { principalOf, refuse } from '../../server/http-auth.ts';
import { recordsOfStreams } from './to-records.ts';

/** Largest push, unpacked. */
const MOST_BYTES = 20 * 1024 * 1024;

/**
 * Loki's way in (docs/hub-front-doors.md): `POST /loki/api/v1/push`, JSON or protobuf in a block of snappy, either of them packed
 * further as `content-encoding` says. A push is stored as a whole, or refused as a whole.
 */
export function registerLoki(app: FastifyInstance, doors: Doors): void {
  app.post('/loki/api/v1/push', (request, reply) => push(request, reply, doors));
  // Grafana and some shippers ask before they send.
  app.get('/loki/api/v1/status/buildinfo', (request, reply) => {
    const asked = principalOf(request, reply, doors, 'loki');
    if (!asked.ok) return asked.error;
    return reply.send({
      version: '3.0.0',
      revision: 'vahti',
      branch: '',
      buildUser: '',
      buildDate: '',
      goVersion: '',
    });
  });
}

async function push(request: FastifyRequest, reply: FastifyReply, doors: Doors): Promise<FastifyReply> {
  const asked = principalOf(request, reply, doors, 'loki');
  if (!asked.ok) return asked.error;
  if (asked.value.kind !== 'agent')
    return refuse(reply, 403, 'cannot take records of a user: use the token of an agent');
  const body = await readBody(request, MOST_BYTES);
  if (!body.ok) return refuse(reply, body.error.status, body.error.message);
  const decoded = decode(request.headers['content-type'] ?? '', body.value);
  if (!decoded.ok) {
    doors.counters.count('rejected', 'loki');
    return refuse(reply, 400, `cannot read the push: ${decoded.error}`);
  }
  const { name } = asked.value;
  const { streams, bytes } = decoded.value;
  const count = streams.reduce((sum, { entries }) => sum + entries.length, 0);
  const all = recordsOfStreams(streams, name, doors.clock.micros());
  const accepted = await acceptRecords(doors, 'loki', name, { all, count, bytes });
  if (accepted.kind === 'stored') return reply.code(204).send();
  if (accepted.kind === 'bad') return refuse(reply, 400, accepted.message);
  return refuse(reply, accepted.status, accepted.message, accepted.retryAfterMs);
}

interface Decoded {
  readonly streams: readonly LokiStream[];
  /** Unpacked. */
  readonly bytes: number;
}

function decode(type: string, body: Buffer): Result<Decoded, string> {
  const [word = ''] = type.toLowerCase().split(';');
  if (word.trim() !== 'application/x-protobuf') return sized(decodeLokiJson(body.toString('utf8')), body);
  const unpacked = decodeSnappy(body, MOST_BYTES);
  if (!unpacked.ok) return err(`it is no snappy: ${unpacked.error}`);
  return sized(decodeLokiProtobuf(unpacked.value), unpacked.value);
}

function sized(streams: Result<readonly LokiStream[], string>, { length }: Buffer): Result<Decoded, string> {
  return streams.ok ? ok({ streams: streams.value, bytes: length }) : streams;
}
