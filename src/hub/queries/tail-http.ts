import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HubRow } from '../blocks/row.ts';
import type { Doors } from '../server/doors.ts';
import { refuse, tokenIn } from '../server/http-auth.ts';
import type { Principal } from '../server/principal.ts';
import { type AnswerStream, beginStream } from './answer-stream.ts';
import { FILTER_PARAMS, filterOf, readParams } from './params.ts';
import { rowToJson } from './row-json.ts';
import { readLast, runTail, type TailFrame, type TailRoom, type TailSink } from './tail.ts';

/** Whether somebody may still listen is asked this often. */
const ASK_MS = 1000;

/**
 * `GET /api/tail`: a line of JSON for each row, or server-sent events where those are asked for. Lines with `event` are no rows:
 * `position` (everything up to it was sent) and `skipped`.
 */
export async function tailHttp(
  request: FastifyRequest,
  reply: FastifyReply,
  {
    doors,
    principal,
    room,
    closing,
  }: { doors: Doors; principal: Principal; room: TailRoom; closing: AbortSignal },
): Promise<FastifyReply> {
  const { store, clock } = doors;
  const now = clock.micros();
  const given = withLastEvent(request);
  const values = readParams(given, [...FILTER_PARAMS, 'position', 'last'], now);
  if (!values.ok) return refuse(reply, 400, `cannot follow: ${values.error.join('; ')}`);
  const { position = store.position(), last = 0 } = values.value;
  if (values.value.position !== undefined && last > 0)
    return refuse(reply, 400, 'cannot follow: position and last: give one of them');
  const done = room.take(`${principal.kind} ${principal.name}`);
  if (done === undefined)
    return refuse(reply, 429, 'cannot follow: too many tails of yours are open', 10_000);
  const filter = filterOf(values.value, principal, now);
  const begin = Math.min(position, store.position());
  const isEvents = request.headers.accept?.includes('text/event-stream') === true;
  const type = isEvents ? 'text/event-stream; charset=utf-8' : 'application/x-ndjson; charset=utf-8';
  const headers = { 'content-type': type, 'x-accel-buffering': 'no' };
  const out = beginStream(reply, { headers, closing, clock });
  const { signal } = out;
  const textOf = isEvents ? eventText : lineText;
  const sink: TailSink = {
    send(frame) {
      if (!out.hasRoom()) return false;
      out.write(textOf(frame));
      return true;
    },
    room: () => out.room(),
  };
  watchToken(request, principal, doors, out);
  try {
    const first = await readLast(store, filter, last, begin, signal);
    sink.send({ rows: first, position: begin, skipped: 0 });
    await runTail(doors, { filter, position: begin, protocol: 'http' }, sink, signal);
  } catch (error) {
    if (!signal.aborted) doors.log.error('cannot follow for a request', { error: String(error) });
  } finally {
    out.stop();
    done();
    out.end();
  }
  return reply;
}

/** A browser that connects again says what it had last. */
function withLastEvent({ query, headers }: FastifyRequest): Readonly<Record<string, unknown>> {
  const given = { ...(query as Record<string, unknown>) };
  const last = headers['last-event-id'];
  if (typeof last !== 'string' || last === '') return given;
  const { last: _, ...others } = given;
  return { ...others, position: last };
}

function watchToken(request: FastifyRequest, principal: Principal, doors: Doors, out: AnswerStream): void {
  const token = tokenIn(request.headers.authorization);
  const holds = (): boolean =>
    token === undefined
      ? doors.sessions.check(request.headers.cookie, 'GET', undefined).ok
      : doors.tokens.holds(token, principal);
  void (async () => {
    while (await doors.clock.sleep(ASK_MS, out.signal)) if (!holds()) out.stop();
  })();
}

/** Of one row for all who follow: it is written once. */
const written = new WeakMap<HubRow, string>();

function jsonOf(row: HubRow): string {
  let json = written.get(row);
  if (json === undefined) {
    json = JSON.stringify(rowToJson(row));
    written.set(row, json);
  }
  return json;
}

function lineText({ rows, position, skipped }: TailFrame): string {
  const lines = rows.map((row) => `${jsonOf(row)}\n`);
  if (skipped > 0) lines.unshift(`${JSON.stringify({ event: 'skipped', skipped })}\n`);
  lines.push(`${JSON.stringify({ event: 'position', position })}\n`);
  return lines.join('');
}

function eventText({ rows, position, skipped }: TailFrame): string {
  const events = rows.map((row) => `event: row\ndata: ${jsonOf(row)}\nid: ${row.position}\n\n`);
  if (skipped > 0) events.unshift(`event: skipped\ndata: ${JSON.stringify({ skipped })}\n\n`);
  events.push(`event: position\ndata: ${JSON.stringify({ position })}\nid: ${position}\n\n`);
  return events.join('');
}
