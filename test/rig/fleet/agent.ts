import { type Client, createClient, type Entry } from '../../../src/client/index.ts';
import { ASKS, type AskEvent, askEvent } from '../../../src/wire/page/asks.ts';
import type { Report } from '../../../src/wire/page/report.ts';
import * as v from 'valibot';
import { within } from '../wait.ts';
import { ANSWERS } from './answers.ts';
import type { FleetAgent } from './fleet.ts';

/** A daemon that is made up, and speaks to a real hub as a real one does: reports, records, answers to asks. */
export interface SimulatedAgent {
  /** What it says of itself; whoever changes it reports the change. */
  readonly of: FleetAgent;
  /** What people asked of it, oldest first. */
  readonly asked: readonly AskEvent[];
  /** Resolves when the hub has taken it. Rejects with a HubError. */
  report(changes: Partial<Omit<Report, 'whole'>>): Promise<void>;
  /** Sends a record, some time soon. @returns false where its buffer is full. */
  log(entry: Entry): boolean;
  /** Resolves when all records are durable at the hub. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface AgentOptions {
  /** Of the hub. */
  readonly url: string;
  readonly token: string;
  readonly of: FleetAgent;
  /** What it takes for the present, wall milliseconds. */
  readonly now: () => number;
  /** Records that may wait for the hub. */
  readonly most?: number;
}

const NONE_GONE = { services: [], jobs: [] };

/** Resolves when the hub has taken its first report. */
export async function connectAgent({
  url,
  token,
  of,
  now,
  most = 100_000,
}: AgentOptions): Promise<SimulatedAgent> {
  const client = createClient({
    url,
    token,
    as: 'agent',
    host: of.host.host,
    most: { records: most, bytes: 2 ** 30 },
  });
  const asked: AskEvent[] = [];
  const send = async (report: Report): Promise<void> => {
    await client.request('report', { ...report });
  };
  const whole = (): Promise<void> =>
    send({ whole: true, host: of.host, services: of.services, jobs: of.jobs, gone: NONE_GONE });
  const first = Promise.withResolvers<void>();
  client.on('state', ({ standing, lastError }) => {
    if (standing === 'connected') whole().then(first.resolve, first.reject);
    if (standing === 'denied') first.reject(new Error(lastError));
  });
  client.on('event', ({ event, body }) => {
    if (event !== 'ask') return;
    const ask = v.parse(askEvent, body);
    asked.push(ask);
    // A connection that goes meanwhile leaves nobody to answer to.
    client.request('answer', answerOf(of, ask, now())).catch(() => {});
  });
  await within(first.promise, { deadlineMs: 20_000, what: `the hub to take the report of ${of.agent}` });
  return {
    of,
    asked,
    report: ({ host, services = [], jobs = [], gone = NONE_GONE }) =>
      send({ whole: false, ...(host === undefined ? {} : { host }), services, jobs, gone }),
    log: (entry) => client.log(entry),
    flush: () => client.flush({ timeoutMs: 60_000 }),
    close: () => ended(client),
  };
}

function answerOf(of: FleetAgent, { ask, method, params }: AskEvent, now: number): Record<string, unknown> {
  const known = v.safeParse(ASKS[method].params, params);
  if (!known.success)
    return { ask, error: { code: 'invalid', message: `cannot ${method}: the parameters are wrong` } };
  const answer = ANSWERS[method];
  return { ask, value: answer(of, params, now) };
}

async function ended(client: Client): Promise<void> {
  await client.close({ timeoutMs: 0 });
}
