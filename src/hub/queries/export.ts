import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Place } from '../blocks/query.ts';
import type { Doors } from '../server/doors.ts';
import { refuse } from '../server/http-auth.ts';
import type { Principal } from '../server/principal.ts';
import { beginStream } from './answer-stream.ts';
import { csvHeader, csvLine } from './csv.ts';
import { writeCursor } from './cursor.ts';
import { FILTER_PARAMS, filterOf, isNothing, readParams } from './params.ts';
import { rowToJson } from './row-json.ts';
import type { Turns } from './turns.ts';

/** What is read and held at a time. */
const PAGE_ROWS = 1000;
const PAGE_MS = 1000;
/** An export that takes longer ends, and says where to go on. */
const LONGEST_MS = 600_000;
const WAIT_MS = 250;

const TYPES = { ndjson: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8' } as const;

export interface Exporting {
  readonly doors: Doors;
  readonly principal: Principal;
  readonly turns: Turns;
  readonly closing: AbortSignal;
}

/**
 * `GET /api/export`: all that matches, newest first, page by page as fast as it is taken. Where it is not whole it ends with a line that
 * says so, and with the trailer `x-vahti-cut`: the cursor to go on with.
 */
export async function exportHttp(
  request: FastifyRequest,
  reply: FastifyReply,
  { doors, principal, turns, closing }: Exporting,
): Promise<FastifyReply> {
  const { clock } = doors;
  const now = clock.micros();
  const values = readParams(
    request.query as Record<string, unknown>,
    [...FILTER_PARAMS, 'cursor', 'format'],
    now,
  );
  if (!values.ok) return refuse(reply, 400, `cannot export: ${values.error.join('; ')}`);
  const { format = 'ndjson', cursor } = values.value;
  // What comes meanwhile is not of it.
  const filter = { until: now, ...filterOf(values.value, principal, now) };
  const headers = {
    'content-type': TYPES[format],
    'content-disposition': `attachment; filename="records.${format}"`,
    trailer: 'x-vahti-cut',
  };
  const out = beginStream(reply, { headers, closing, clock });
  const { signal } = out;
  const write = async (text: string): Promise<void> => {
    if (!out.write(text)) await out.room();
  };
  const textOf =
    format === 'csv' ? csvLine : (row: ReturnType<typeof rowToJson>) => `${JSON.stringify(row)}\n`;
  if (format === 'csv') await write(csvHeader());
  const end = clock.monotonic() + LONGEST_MS;
  let next: Place | null = cursor ?? null;
  let isWhole = isNothing(filter);
  while (!isWhole && !signal.aborted && clock.monotonic() < end) {
    const done = await turns.take(principal, signal);
    if (done === undefined) {
      await clock.sleep(WAIT_MS, signal);
      continue;
    }
    const asked = { ...filter, limit: PAGE_ROWS, ...(next === null ? {} : { behind: next }) };
    const page = await doors.store.newest(asked, PAGE_MS, signal).finally(done);
    if (!page.ok) break;
    if (page.value.rows.length > 0)
      await write(page.value.rows.map((row) => textOf(rowToJson(row))).join(''));
    next = page.value.next;
    isWhole = next === null;
  }
  if (isWhole) out.end();
  else {
    const place = next === null ? '' : writeCursor(next);
    out.write(
      format === 'csv'
        ? `# cut: there is more, cursor ${place}\r\n`
        : `${JSON.stringify({ cut: true, next: place })}\n`,
    );
    out.end({ 'x-vahti-cut': place });
  }
  return reply;
}
