import type { Doors } from '../server/doors.ts';
import type { IncomingRecord } from './intake.ts';

/** What became of records that came by a foreign protocol. */
export type Accepted =
  | { readonly kind: 'stored' }
  /** `status` is for HTTP: 429 where the agent sends too much, 503 where the hub cannot. */
  | {
      readonly kind: 'later';
      readonly status: 429 | 503;
      readonly message: string;
      readonly retryAfterMs: number;
    }
  | { readonly kind: 'bad'; readonly message: string };

/** The store takes so many at a time, and so much of JSON. */
const MOST_RECORDS = 5000;
const LATER_MS = 1000;

/** Records on their way in. */
export interface Incoming {
  /** Gone through once, part by part: others get their turn while a part is stored. */
  readonly all: Iterable<IncomingRecord>;
  readonly count: number;
  /** How much it was as it came, unpacked. */
  readonly bytes: number;
}

/**
 * Stores an agent's records, and counts them. They are durable when it resolves with `stored`; with anything else a part of more than
 * 5000 may be.
 */
export async function acceptRecords(
  doors: Pick<Doors, 'intake' | 'limits' | 'counters'>,
  protocol: string,
  agent: string,
  records: Incoming,
): Promise<Accepted> {
  const { intake, limits, counters } = doors;
  const waitMs = limits.take(agent, records.count, records.bytes);
  if (waitMs !== undefined) {
    counters.count('deferred', protocol);
    const message = `cannot take more of ${agent} now: it sends more than it may`;
    return { kind: 'later', status: 429, message, retryAfterMs: waitMs };
  }
  for (const part of partsOf(records.all)) {
    const answer = await intake.take(agent, part);
    if (answer.ok) counters.count('stored', protocol, answer.stored);
    else if (answer.kind === 'later') {
      counters.count('deferred', protocol);
      return { kind: 'later', status: 503, message: answer.message, retryAfterMs: LATER_MS };
    } else {
      counters.count('rejected', protocol, part.length);
      return { kind: 'bad', message: answer.message };
    }
  }
  return { kind: 'stored' };
}

function* partsOf(records: Iterable<IncomingRecord>): Generator<readonly IncomingRecord[]> {
  let part: IncomingRecord[] = [];
  for (const record of records) {
    part.push(record);
    if (part.length < MOST_RECORDS) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
