import type {
  ReportedHost,
  ReportedJob,
  ReportedService,
  ReportedWatch,
} from '../../../src/wire/page/report.ts';
import { madeUpJob } from './made-up-jobs.ts';
import { createRandom, type Random } from './random.ts';

/** Hosts with services and jobs that are made up, the same ones for the same seed: what simulated agents report. */

export interface FleetOptions {
  readonly agents: number;
  /** Of all agents together. */
  readonly services: number;
  /** Of all agents together; a tenth of the services by default, at most 60. */
  readonly jobs?: number;
  readonly longNames?: boolean;
  readonly seed?: number;
  /** Wall milliseconds at which everything is as it is. */
  readonly now: number;
}

export interface FleetAgent {
  readonly agent: string;
  readonly host: ReportedHost;
  readonly services: ReportedService[];
  readonly jobs: ReportedJob[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const HOSTS = ['alpha', 'beta', 'gamma', 'delta', 'harbor', 'kelo', 'lumi', 'meri', 'niitty', 'ranta'];
const THINGS = [
  'firehose',
  'beam',
  'museum',
  'web',
  'ingest',
  'relay',
  'mailer',
  'indexer',
  'gate',
  'cache',
  'tm',
  'livereduce',
  'feeds',
  'search',
  'thumbs',
  'billing',
];
const COMMANDS = [
  'node server.js',
  'python3 -m reduce.live --every 30s',
  '/usr/bin/relay --config /etc/relay.toml',
  'java -jar indexer.jar',
  './gate -listen 127.0.0.1:9000',
];
const LONG =
  'the-service-that-somebody-gave-a-name-of-one-hundred-and-twenty-characters-since-nobody-told-them-that-they-should-not';

export function createFleet({
  agents,
  services,
  jobs = Math.min(60, Math.ceil(services / 10)),
  longNames = false,
  seed = 1,
  now,
}: FleetOptions): FleetAgent[] {
  const random = createRandom(seed);
  const fleet = Array.from({ length: agents }, (_, at): FleetAgent => {
    const known = HOSTS[at] ?? `host-${at + 1}`;
    const agent = longNames
      ? `${known}.a-long-department-name.institute-of-everything.university.example`
      : known;
    return { agent, host: hostOf(agent, random, now), services: [], jobs: [] };
  });
  if (agents === 0) return fleet;
  for (let at = 0; at < services; at++) {
    const thing = THINGS[at % THINGS.length] as string;
    const round = Math.floor(at / THINGS.length);
    const short = round === 0 ? thing : `${thing}-${round + 1}`;
    const name = longNames && at % 3 === 0 ? `${short}-${LONG}`.slice(0, 120) : short;
    (fleet[at % agents] as FleetAgent).services.push(madeUpService(name, at, random, now));
  }
  for (let at = 0; at < jobs; at++) {
    const job = madeUpJob(at, random, now);
    (fleet[at % agents] as FleetAgent).jobs.push(
      longNames && at % 3 === 0 ? { ...job, name: `${job.name}-${LONG}`.slice(0, 120) } : job,
    );
  }
  return fleet;
}

function hostOf(agent: string, random: Random, now: number): ReportedHost {
  const size = 512 * 2 ** 30;
  return {
    version: '0.1.0',
    host: agent,
    pid: 400 + random.below(4000),
    since: now - random.below(40 * 24) * HOUR - HOUR,
    config: '/etc/vahti/vahti.yaml',
    acts: true,
    disk: { free: Math.floor(size * (0.08 + 0.8 * random.next())), size },
    memory: { free: Math.floor(2 ** 33 * random.next()), size: 2 ** 34 },
    messages: random.next() < 0.2 ? 1 + random.below(4) : 0,
  };
}

/** How a service may be; how often of 100. The first few services of a fleet show one each, so that small fleets show something. */
const MOODS = [
  ['ok', 88],
  ['bad', 3],
  ['late', 3],
  ['backoff', 2],
  ['stopped', 2],
  ['unknown', 1],
  ['snoozed', 1],
] as const;
type Mood = (typeof MOODS)[number][0];
const FIRST: readonly Mood[] = ['ok', 'ok', 'bad', 'ok', 'late', 'ok', 'backoff', 'ok', 'stopped', 'snoozed'];

function moodOf(at: number, random: Random): Mood {
  const first = FIRST[at];
  if (first !== undefined) return first;
  let left = random.below(100);
  for (const [mood, share] of MOODS) if ((left -= share) < 0) return mood;
  return 'ok';
}

function madeUpService(name: string, at: number, random: Random, now: number): ReportedService {
  const isCollector = at % 8 === 0;
  const since = now - random.below(30 * 24 * 60) * MINUTE - 5 * MINUTE;
  const service: ReportedService = {
    name,
    kind: isCollector ? 'collect' : at % 11 === 3 ? 'unit' : 'run',
    about: isCollector ? 'wss://bsky.network/xrpc/com.atproto.sync.subscribeRepos' : random.of(COMMANDS),
    state: 'running',
    condition: 'ok',
    trouble: '',
    since,
    stateSince: since,
    wanted: true,
    boot: random.next() < 0.9,
    ready: true,
    life: `${name.slice(0, 20)}-${(since % 1e9).toString(36)}`,
    pid: 1000 + random.below(60_000),
    startedAt: since,
    waitsFor: [],
    needs: [],
    lane: 'fast',
    failures: 0,
    starts: 1,
    mostStarts: 12,
    nextStartAt: null,
    lastExit: null,
    watches: [watchOf('fresh', 'files', since, now, '4 s'), watchOf('errors', 'record', since, now, '0')],
    silences: [],
    figures: {
      memory: Math.floor(2 ** 24 * (1 + 40 * random.next())),
      ...(isCollector
        ? { rate: 20 + 900 * random.next(), lag: 80 + 4000 * random.next() ** 4, backlog: random.below(50) }
        : {}),
      'watch:errors': random.below(3),
    },
    stream: isCollector ? { connection: 'connected', trouble: null, cursor: 7_000_000_000 + at } : null,
  };
  return { ...service, ...inMood(moodOf(at, random), service, random, now) };
}

function watchOf(name: string, kind: string, since: number, now: number, value: string): ReportedWatch {
  return {
    name,
    kind,
    state: 'ok',
    since,
    value,
    reason: null,
    lookedAt: now - 4000,
    dueAt: null,
    nextLookAt: now + 11_000,
    nextAction: null,
  };
}

function inMood(mood: Mood, service: ReportedService, random: Random, now: number): Partial<ReportedService> {
  const since = now - (1 + random.below(90)) * MINUTE;
  const [fresh, errors] = service.watches as [ReportedWatch, ReportedWatch];
  const exit = {
    at: now - 20_000,
    text: 'exited with code 1 after 3 s: Error: connect ECONNREFUSED 10.0.4.7:5432',
    level: 17,
  };
  const gone = { pid: null, ready: null, life: null, startedAt: null };
  switch (mood) {
    case 'ok':
      return {};
    case 'bad': {
      const reason = '7 records at error within 5 m: connect ECONNREFUSED 10.0.4.7:5432';
      const nextAction = { what: 'restart', at: now + 3 * MINUTE };
      const bad: ReportedWatch = { ...errors, state: 'bad', since, value: '7', reason, nextAction };
      return { condition: 'bad', since, trouble: `errors is bad: ${reason}`, watches: [fresh, bad] };
    }
    case 'late': {
      const reason = 'no new file for 2 m 40 s; 90 s are allowed';
      const late: ReportedWatch = {
        ...fresh,
        state: 'late',
        since,
        value: '160 s',
        reason,
        dueAt: now - 70_000,
      };
      return { condition: 'late', since, trouble: `fresh is late: ${reason}`, watches: [late, errors] };
    }
    case 'backoff':
      return {
        ...gone,
        state: 'waiting',
        stateSince: now - 20_000,
        condition: 'bad',
        since,
        lane: random.next() < 0.5 ? 'backoff' : 'slow',
        failures: 6,
        starts: 9,
        nextStartAt: now + 42_000,
        lastExit: exit,
        trouble: 'fails again and again: exited with code 1 after 3 s',
      };
    case 'stopped':
      return {
        ...gone,
        state: 'stopped',
        stateSince: since,
        condition: 'stopped',
        since,
        wanted: false,
        watches: [],
      };
    case 'unknown': {
      const reason = 'cannot look: permission denied: /var/log/relay.log';
      const unknown: ReportedWatch = { ...errors, state: 'unknown', since, value: null, reason };
      return {
        condition: 'unknown',
        since,
        trouble: `errors is unknown: ${reason}`,
        watches: [fresh, unknown],
      };
    }
    case 'snoozed': {
      const silence = {
        by: 'snooze' as const,
        why: 'the switch is being replaced',
        who: 'ada',
        until: now + 2 * HOUR,
        watch: null,
      };
      return { ...inMood('late', service, random, now), silences: [silence] };
    }
  }
}
