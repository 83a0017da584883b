import type { FastifyInstance } from 'fastify';
import type { Doors } from '../server/doors.ts';
import { refuse } from '../server/http-auth.ts';
import type { Access } from './access.ts';
import { requireAdmin } from './answers.ts';

const DEFAULT_ROWS = 100;
const MOST_ROWS = 1000;

/** What was done and denied, for admins: the newest first, page by page. */
export function registerAuditRoute(app: FastifyInstance, doors: Doors, access: Access): void {
  app.get('/api/audit', async (request, reply) => {
    const by = requireAdmin(request, reply, doors);
    if (!by.ok) return by.error;
    const { limit = String(DEFAULT_ROWS), before } = request.query as Readonly<Record<string, unknown>>;
    const [most, first] = [wholeNumber(limit), before === undefined ? undefined : wholeNumber(before)];
    if (most === undefined || most < 1 || most > MOST_ROWS)
      return refuse(reply, 400, `limit: cannot use this value: write 1 to ${MOST_ROWS}`);
    if (before !== undefined && first === undefined)
      return refuse(reply, 400, 'before: cannot use this value: write the id of a row');
    const rows = access.store.audit.list(most, first);
    return { rows, next: rows.length < most ? null : (rows.at(-1)?.id ?? null) };
  });
}

function wholeNumber(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
