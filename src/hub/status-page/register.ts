import type { FastifyInstance } from 'fastify';
import type { StatusPage } from '../../wire/page/board.ts';
import { CONDITIONS, type Condition } from '../../wire/page/report.ts';
import { createAttempts, networkOf } from '../access/attempts.ts';
import type { Doors } from '../server/doors.ts';
import { refuse } from '../server/http-auth.ts';
import type { StatusPagePlan } from './config.ts';

/** How services stand and stood: implementation `hub/board/`. */
export interface Standing {
  /** Undefined where nothing was ever heard of it. @returns wall milliseconds. */
  present(agent: string, name: string): { readonly condition: Condition; readonly since: number } | undefined;
  /** A letter for each of 90 days, and how much of the time that is known and wanted was ok. */
  bar(agent: string, name: string, range: '90d'): { readonly bar: string; readonly up: number | null };
}

const KEEP_MS = 3000;
/** Of one address: a page asks every 15 s, and behind one address may be many. */
const PER_MINUTE = 120;

/**
 * `GET /api/status-page`: to everybody, without a token, and nothing but what the config chose: no name of a host, no reason, no
 * figure. It is made once for all who ask within some seconds.
 * @param plan undefined: there is none, 404.
 */
export function registerStatusPage(
  app: FastifyInstance,
  { clock }: Pick<Doors, 'clock'>,
  plan: StatusPagePlan | undefined,
  standing: Standing,
): void {
  const attempts = createAttempts(clock, PER_MINUTE);
  let made: { readonly page: StatusPage; readonly at: number } | undefined;
  app.get('/api/status-page', async (request, reply) => {
    if (plan === undefined)
      return refuse(reply, 404, 'cannot show a status page: the config of the hub has none');
    const wait = attempts.take([networkOf(request.ip)]);
    if (wait !== undefined)
      return refuse(reply, 429, 'cannot show the status page now: it was asked too often', wait);
    if (made === undefined || clock.monotonic() - made.at >= KEEP_MS)
      made = { page: pageOf(plan, standing, clock.now()), at: clock.monotonic() };
    return reply.header('cache-control', `public, max-age=${KEEP_MS / 1000}`).send(made.page);
  });
}

function pageOf({ title, services }: StatusPagePlan, standing: Standing, time: number): StatusPage {
  const shown = services.map(({ label, agent, name }) => {
    const { condition = 'unknown', since = null } = standing.present(agent, name) ?? {};
    const { bar, up } = standing.bar(agent, name, '90d');
    return { label, condition, since, bar, up };
  });
  return { title, time, condition: worst(shown.map(({ condition }) => condition)), services: shown };
}

/** CONDITIONS has the worst last. */
function worst(conditions: readonly Condition[]): Condition {
  return CONDITIONS[Math.max(0, ...conditions.map((each) => CONDITIONS.indexOf(each)))] ?? 'unknown';
}
