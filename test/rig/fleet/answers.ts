import type { AskMethod, AskValue } from '../../../src/wire/page/asks.ts';
import type { FleetAgent } from './fleet.ts';
import { PIPELINE_ANSWERS } from './pipeline-answers.ts';
import { createRandom } from './random.ts';

/** What simulated daemons answer when people ask. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type Params = Readonly<Record<string, unknown>>;
type Answers = { readonly [M in AskMethod]: (of: FleetAgent, params: Params, now: number) => AskValue<M> };

const done = (_: FleetAgent, { names }: Params) =>
  (names as string[]).map((name) => ({ name, done: true, message: 'done' }));

function evidence(of: FleetAgent, service: string, now: number) {
  return [3, 2, 1].map((ago, at) => ({
    agent: of.agent,
    seq: 9000 + at,
    time: (now - ago * MINUTE) * 1000,
    received: (now - ago * MINUTE) * 1000 + 900,
    host: of.host.host,
    service,
    life: 'l1',
    kind: at === 2 ? 'flip' : 'log',
    level: 17,
    sender: at === 2 ? 'errors' : 'stderr',
    message:
      at === 2 ? 'errors is bad: 7 records at error within 5 m' : 'Error: connect ECONNREFUSED 10.0.4.7:5432',
    fields: { attempt: at },
  }));
}

const plan = (of: FleetAgent, { name }: Params) => ({
  file: of.host.config,
  lines: [
    { key: 'run', value: 'node server.js --port 8080', from: 'written' },
    { key: 'restart.fast', value: '3', from: 'default' },
    { key: 'restart.backoff', value: '1s..1m', from: 'default' },
    { key: 'env.TOKEN', value: '$TOKEN', from: 'written' },
    { key: `watch.${String(name)}.within`, value: '90s', from: 'written' },
    { key: 'notify', value: 'ops', from: 'defaults' },
  ],
});

function partsOf(since: number, until: number, now: number): AskValue<'parts'> {
  const random = createRandom(7);
  const parts: AskValue<'parts'>['parts'][number][] = [];
  const gaps: AskValue<'parts'>['gaps'][number][] = [];
  const purgedUntil = now - 21 * DAY;
  for (let at = Math.max(purgedUntil, since) - (since % HOUR); at < Math.min(now, until); at += HOUR) {
    const day = new Date(at).toISOString();
    const isOpen = at + HOUR > now;
    const isGap = random.next() < 0.02;
    if (isGap)
      gaps.push({
        from: at + 10 * MINUTE,
        to: at + 31 * MINUTE,
        reason: 'the host was down',
        missing: 'about 21 minutes',
      });
    const archived = now - at > 3 * DAY;
    parts.push({
      path: `${day.slice(0, 10)}/${day.slice(0, 10).replaceAll('-', '')}T${day.slice(11, 13)}.ndjson${archived ? '.zst' : ''}`,
      from: at,
      to: isOpen ? null : at + HOUR,
      lines: isOpen ? null : Math.floor((1 + random.next()) * 400_000 * (isGap ? 0.6 : 1)),
      bytes: Math.floor(2 ** 28 * (0.5 + random.next())),
      state: isOpen ? 'open' : archived ? 'archived' : 'closed',
      proved: now - at > 4 * DAY ? ['sync-firehose'] : [],
    });
  }
  return {
    every: 'hour',
    parts: parts.slice(-5000),
    gaps,
    purged: { parts: 312, until: purgedUntil },
    cut: parts.length > 5000,
  };
}

function history(
  of: FleetAgent,
  names: readonly string[],
  limit: number,
  now: number,
): AskValue<'job-history'> {
  const jobs = names.length === 0 ? of.jobs.map(({ name }) => name) : names;
  return jobs
    .flatMap((job, index) => {
      const random = createRandom(index + 11);
      return Array.from({ length: 170 }, (_, at) => {
        const due = now - (now % HOUR) - at * HOUR + 5 * MINUTE + index * 7 * MINUTE;
        const failed = random.next() < 0.05;
        const run = `${index}-${due.toString(36)}`;
        return {
          job,
          run,
          request: run,
          attempt: failed ? 2 : 1,
          cause: 'schedule',
          by: '',
          due,
          started: due + 200,
          ended: due + 40_000 + random.below(12 * MINUTE),
          outcome: failed ? 'failed' : at % 31 === 30 ? 'skipped' : 'ok',
          summary: failed ? 'cannot copy to backup: connection refused' : '24 files, 1.2 GiB → 180 MiB',
          exit: failed ? 1 : 0,
          counts: { files: 24, bytes: 1.2e9 },
          coalesced: 0,
          dryRun: false,
        };
      });
    })
    .filter(({ due }) => due <= now)
    .sort((a, b) => b.due - a.due)
    .slice(0, limit);
}

function notifications(of: FleetAgent, now: number): AskValue<'notifications'> {
  const bad = of.services.filter(({ condition }) => condition === 'bad');
  const channel = (name: string, error: string) => ({
    name,
    configured: true,
    pending: error === '' ? 0 : 2,
    error,
    nextTryAt: error === '' ? null : now + 2 * MINUTE,
    lastDeliveredAt: now - 3 * HOUR,
    nextDigestAt: null,
  });
  const states = [
    'delivered',
    'failing',
    'pending',
    'folded',
    'refused',
    'dropped',
    'delivered',
    'delivered',
  ] as const;
  return {
    channels: [
      channel('ops', ''),
      channel('phone', 'cannot post to https://pager.example: 503 Service Unavailable'),
    ],
    incidents: bad.slice(0, 8).map(({ name, trouble, since }, at) => ({
      id: `${name}-${at}`,
      service: name,
      subject: `${name}/errors`,
      state: 'open',
      level: 17,
      since,
      reason: trouble,
      channels: [
        { channel: 'ops', toldAt: since + 4000, lastAt: since + 4000, by: null, why: '', until: null },
        {
          channel: 'phone',
          toldAt: null,
          lastAt: null,
          by: 'after',
          why: 'is told after 15 m',
          until: now + 9 * MINUTE,
        },
      ],
    })),
    messages: states.map((state, at) => ({
      id: `m${at}`,
      channel: at % 2 === 0 ? 'ops' : 'phone',
      event: 'bad',
      title: `${of.services[at]?.name ?? 'web'} is bad: 7 records at error within 5 m`,
      state,
      at: now - at * 17 * MINUTE,
      dueAt: now - at * 17 * MINUTE,
      tries: state === 'failing' ? 4 : 1,
      error:
        state === 'failing' || state === 'refused'
          ? 'cannot post to https://pager.example: 503 Service Unavailable'
          : '',
      deliveredAt: state === 'delivered' ? now - at * 17 * MINUTE + 900 : null,
      detail: '',
      foldedInto: state === 'folded' ? 'm0' : '',
    })),
  };
}

export const ANSWERS: Answers = {
  explain: (of, { name }, now) => ({
    because: [
      `${String(name)} is running since 3 d 4 h, life ${String(name)}-k3j`,
      'its watch errors is bad since 12 m: 7 records at error within 5 m (at most 3 are allowed)',
      'ops was told 12 m ago; phone is told in 3 m unless it is acknowledged',
      'it is restarted in 3 m unless the watch is ok by then',
    ],
    evidence: evidence(of, String(name), now),
  }),
  'job-explain': (of, { name }, now) => ({
    because: [`${String(name)} ran 55 m ago and was done within 4 m`, 'it runs next in 5 m: at "5 * * * *"'],
    evidence: evidence(of, `job/${String(name)}`, now),
  }),
  'job-history': (of, { names, limit }, now) => history(of, names as string[], limit as number, now),
  plan,
  'job-plan': plan,
  parts: (_, { since, until }, now) => partsOf(since as number, until as number, now),
  silences: (of, _, now) => [
    {
      by: 'quiet',
      why: 'switch maintenance',
      who: 'config',
      until: now + HOUR,
      at: now - HOUR,
      service: null,
      watch: null,
    },
    {
      by: 'snooze',
      why: 'the switch is being replaced',
      who: 'ada',
      until: now + 2 * HOUR,
      at: now - HOUR,
      service: of.services[0]?.name ?? null,
      watch: null,
    },
    {
      by: 'ack',
      why: 'on it',
      who: 'grace',
      until: null,
      at: now - 10 * MINUTE,
      service: of.services[1]?.name ?? null,
      watch: 'errors',
    },
  ],
  notifications: (of, _, now) => notifications(of, now),
  start: done,
  stop: done,
  restart: done,
  snooze: done,
  'snooze-end': done,
  ack: done,
  'job-run': (_, { dryRun }) =>
    dryRun === true
      ? { run: null, lines: ['would archive 24 files, 1.2 GiB'] }
      : { run: 'r-asked', lines: [] },
  'job-pause': done,
  'job-resume': done,
  'notification-retry': () => null,
  'notification-drop': () => null,
  'notify-test': (_, { channel }) => `${String(channel)} took it: 250 OK`,
  ...PIPELINE_ANSWERS,
};
