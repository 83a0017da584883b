import type { ReportedHost, ReportedJob, ReportedService } from '../../../src/wire/page/report.ts';
import { madeUpJob } from './made-up-jobs.ts';
import { madeUpPipeline } from './made-up-pipelines.ts';
import { inMood, moodOf, watchOf } from './moods.ts';
import { createRandom, type Random } from './random.ts';

/** Hosts with services and jobs that are made up, the same ones for the same seed: what simulated agents report. */

export interface FleetOptions {
  readonly agents: number;
  /** Of all agents together. */
  readonly services: number;
  /** Of all agents together; a tenth of the services by default, at most 60. */
  readonly jobs?: number;
  /** Of all agents together, beside the services; none by default. */
  readonly pipelines?: number;
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
  pipelines = 0,
  longNames = false,
  seed = 1,
  now,
}: FleetOptions): FleetAgent[] {
  const random = createRandom(seed);
  const fleet = Array.from({ length: agents }, (_, at): FleetAgent => {
    const known = HOSTS[at] ?? `host-${at + 1}`;
    const agent = longNames
      ? `${known}.a-long-department-name.institute-of-everything.uni.example`.slice(0, 63)
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
  for (let at = 0; at < pipelines; at++)
    (fleet[at % agents] as FleetAgent).services.push(madeUpPipeline(at, longNames, now));
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
