import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { type Access, createAccess } from '../../hub/access/access.ts';
import { openAccessStore } from '../../hub/access/store.ts';
import { ensureAdminToken, ensureAgentToken } from '../../hub/access/token-files.ts';

/** How long the hub as a whole may wait for `vahti token`, which writes for some milliseconds. */
const WAIT_MS = 500;

/** Who may come in, and the tokens that lie in the hub's folder for whoever may read it. The error is a sentence. */
export async function openAccess({
  folder,
  agent,
  clock,
  log,
}: {
  readonly folder: string;
  /** What the machine of the hub is called. */
  readonly agent: string;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<Result<Access, string>> {
  const admin = await ensureAdminToken(folder, clock);
  if (!admin.ok) return admin;
  const own = await ensureAgentToken(folder, agent, clock);
  if (!own.ok) return own;
  const store = openAccessStore(folder, { clock, waitMs: WAIT_MS });
  if (!store.ok) return err(store.error.message);
  if (admin.value.isNew) log.info('made a token of the user admin', { file: admin.value.path });
  if (own.value.isNew) log.info(`made a token of the agent ${agent}`, { file: own.value.path });
  return ok(createAccess({ store: store.value, clock, log }));
}
