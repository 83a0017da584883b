import type { FastifyInstance } from 'fastify';
import type { Doors } from './doors.ts';
import { principalOf, refuse } from './http-auth.ts';

/** What is shown beside the counters. */
export interface HubFigures {
  readonly connections: number;
  readonly rss: number;
  readonly storeBytes: number;
  readonly diskFree: number;
}

/** Asked so often at most, and not longer than this for a sign of life of the store. */
const READY_MS = 2000;

/**
 * `/healthz`: the process answers. `/readyz`: its store does, too. Both without a token, and they say nothing but yes or no.
 * `/metrics`: Prometheus's text format 0.0.4, for users.
 */
export function registerHealth(figures: () => HubFigures): (app: FastifyInstance, doors: Doors) => void {
  return (app, doors) => {
    app.get('/healthz', async (_request, reply) => reply.type('text/plain').send('ok\n'));
    app.get('/readyz', async (_request, reply) =>
      (await answers(doors))
        ? reply.type('text/plain').send('ok\n')
        : refuse(reply, 503, 'cannot answer: the store does not', READY_MS),
    );
    app.get('/metrics', async (request, reply) => {
      const asked = principalOf(request, reply, doors, 'http');
      if (!asked.ok) return asked.error;
      if (asked.value.kind !== 'user') return refuse(reply, 403, 'cannot show figures to an agent');
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(render(doors, figures()));
    });
  };
}

async function answers({ store, clock, log }: Doors): Promise<boolean> {
  const patience = new AbortController();
  const asked = store.lastOf('').then(
    () => true,
    (error: unknown) => {
      log.warn('cannot ask the store', { error: String(error) });
      return false;
    },
  );
  const late = clock.sleep(READY_MS, patience.signal).then(() => false);
  const answer = await Promise.race([asked, late]);
  patience.abort();
  return answer;
}

const HELP = {
  stored: 'records that were stored',
  doubled: 'records that had been stored before',
  rejected: 'records that were refused for good',
  deferred: 'batches that were put off',
  dropped: 'records that were lost on the way, as far as it is known',
  denied: 'requests and connections without a valid token',
  skipped: 'rows that a tail was too slow for',
  asked: 'requests of people for agents',
  unanswered: 'requests of people for agents that got no answer that can be used',
} as const;

function render({ counters, store }: Doors, figures: HubFigures): string {
  const counts = counters.read();
  const counted = Object.entries(HELP).flatMap(([what, help]) => {
    const name = `vahti_hub_${what}_total`;
    const own = counts.filter((count) => count.what === what);
    return [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} counter`,
      ...own.map(({ protocol, value }) => `${name}{protocol="${protocol}"} ${value}`),
    ];
  });
  const gauges = {
    connections: ['open connections', figures.connections],
    resident_bytes: ['memory of the process', figures.rss],
    store_bytes: ['size of the store', figures.storeBytes],
    disk_free_bytes: ['room on the disk of the store', figures.diskFree],
    position: ['position of the newest record', store.position()],
  } as const;
  const shown = Object.entries(gauges).flatMap(([key, [help, value]]) => [
    `# HELP vahti_hub_${key} ${help}`,
    `# TYPE vahti_hub_${key} gauge`,
    `vahti_hub_${key} ${value}`,
  ]);
  return `${[...counted, ...shown].join('\n')}\n`;
}
