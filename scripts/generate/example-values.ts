/** What the annotated example says: values, and which service shows which keys. */

const INBOX = {
  root: 'data/incoming',
  match: '**/*PktTmRaw*.xml',
  ignore: ['old/**'],
  delay: '2m',
  marker: '{name}.ok',
  'group.key': '{request}.{part}.xml',
  'group.count': 3,
  'gate.run': ['kernels-are-new', '{in}'],
};

/** What the example says where it does not say the default. */
export const VALUES: Readonly<Record<string, unknown>> = {
  'defaults.restart.no-restart-on': [2, 6],
  'beats.listen': '127.0.0.1:7081',
  'beats.url': 'https://beats.example',
  'services.NAME.unit': 'livereduce.service',
  'services.NAME.run': ['sh', '-c', 'while date; do sleep 5; done'],
  'services.NAME.collect.from': 'wss://bsky.network/xrpc/com.atproto.sync.subscribeRepos',
  'services.NAME.collect.into': 'data/firehose',
  'services.NAME.collect.dictionary': 'zstd_dictionary',
  'services.NAME.collect.time': 'meta.created_at',
  'services.NAME.collect.silence': '5m',
  'services.NAME.collect.user': 'vahti',
  'services.NAME.collect.password': '$BROKER_PASSWORD',
  'services.NAME.collect.creds': 'vahti.creds',
  'services.NAME.collect.ca': 'authorities.pem',
  'services.NAME.collect.cert': 'vahti.pem',
  'services.NAME.collect.key': 'vahti-key.pem',
  'services.NAME.collect.send': '{"subscribe":"all"}',
  'services.NAME.pipeline.products': 'data/products',
  'services.NAME.pipeline.status': '127.0.0.1:12388',
  'services.NAME.pipeline.logs': 'logs/files',
  'services.NAME.pipeline.failures.notify': ['ops'],
  'services.NAME.pipeline.version': 2,
  'services.NAME.pipeline.parallel': 4,
  ...keyed('services.NAME.pipeline.inbox', INBOX),
  ...keyed('services.NAME.pipeline.inboxes.NAME', INBOX),
  ...keyed('services.NAME.pipeline.steps.NAME', {
    from: 'inbox',
    run: ['tm2lb', '{in}', '{out}'],
    names: 'solo_LB_{svc}_{day}_V{v}.json',
    key: '{svc}/{day}',
    makes: 'solo_LB_{svc}_{day}_V{v}.json',
    to: 'LB/{svc}/{name}',
    incomplete: 'LB/growing/{name}',
    'complete-after': '7d',
    only: 'complete',
    uses: 'conf/VERSION.TXT',
    version: 3,
    lock: '{day}',
    retry: '3 every 1m',
    exit: { 10: 'skip', 11: 'ignore', 12: 'defer', 3: 'warnings' },
    memory: '2G',
    tmp: 'private',
    env: { KERNELS: '/data/spice' },
    at: '0 8 * * *',
  }),
  'services.NAME.env': { LEVEL: 'info', TOKEN: '$API_TOKEN' },
  'services.NAME.env-file': 'clock.env',
  'services.NAME.user': 'nobody',
  'services.NAME.needs': ['firehose ready'],
  'services.NAME.watch': {
    fresh: { files: 'raw/**/*.ndjson', within: '90s', then: ['restart', 'page'] },
    web: { http: 'http://127.0.0.1:8080/ping', every: '15s', fail: '3/5', ok: 2, grace: '1m' },
    alive: { beat: '2m', grace: '30s' },
  },
  'services.NAME.ready.fd': 3,
  'services.NAME.ready.line': ':',
  'services.NAME.ready.http': 'http://127.0.0.1:8080/ready',
  'services.NAME.ready.tcp': '127.0.0.1:5432',
  'services.NAME.memory': '400M..512M',
  'services.NAME.cpu': 1,
  'services.NAME.open-files': 1024,
  'services.NAME.tmp': 'private',
  'services.NAME.unit-name': 'clock.service',
  'services.NAME.writes': ['data/out'],
  'services.NAME.reload-on': ['src/**/*.js'],
  'services.NAME.log.file': 'logs/clock.log',
  'services.NAME.stop': '10s',
  'services.NAME.restart.fast': 5,
  'services.NAME.restart.backoff': '2s..5m',
  'services.NAME.restart.slow': '30m',
  'services.NAME.restart.no-restart-on': [78],
  'services.NAME.log.budget': '16M',
  'services.NAME.restart.watches.most': 5,
  'services.NAME.restart.watches.per': '2h',
  'services.NAME.restart.watches.cool': '3m',
  'services.NAME.quiet': [
    { when: '2026-11-30 22:00 - 2026-12-01 02:00 Europe/Zurich', why: 'the disks are replaced' },
  ],
  'services.NAME.locks': ['disk'],
  'services.NAME.notify': ['ops', 'phone'],
  'defaults.notify': ['ops'],
  notify: {
    ops: { mail: 'ops@uni.example', smtp: 'smtp://localhost', repeat: '4h', digest: '08:00 Europe/Zurich' },
    phone: { webhook: '$PAGER_URL', after: '15m' },
  },
  'hub.listen': '127.0.0.1:7080',
  'hub.agent': 'alpha',
  'hub.tls.cert': 'hub.pem',
  'hub.tls.key': 'hub-key.pem',
  'hub.origins': ['https://page.example'],
  'hub.proxies': ['127.0.0.1'],
  'hub.syslog.listen': '127.0.0.1:6514',
  'hub.syslog.agent': 'routers',
  'hub.syslog.zone': 'Europe/Zurich',
  'hub.limits.records': 100_000,
  'hub.limits.bytes': '64M',
  'hub.clean-up': '1m',
  'hub.public-statistics': false,
  'hub.old-tokens': 'auth.pem',
  'hub.act': true,
  'hub.status-page.title': 'Our services',
  'hub.status-page.services': { 'Sky stream': 'firehose', Beam: 'beta/beam' },
  'hub.url': 'wss://hub.example',
  'hub.token': '$VAHTI_TOKEN',
  'hub.ca': 'authorities.pem',
  'hub.keep.notifications': '90d',
  'hub.keep.services': { firehose: '2d' },
  'hub.keep.hub-size': '10G',
  'hub.keep.free': '1G',
  'forward.NAME.loki': 'https://logs.example:3100',
  'forward.NAME.otlp': 'https://collector.example:4318',
  'forward.NAME.syslog': 'tls://siem.example:6514',
  'forward.NAME.token': '$LOKI_TOKEN',
  'forward.NAME.user': 'vahti',
  'forward.NAME.tenant': 'physics',
  'forward.NAME.ca': 'authorities.pem',
  'forward.NAME.labels': { env: 'prod' },
  'forward.NAME.level': 'info',
  'forward.NAME.services': ['firehose', 'job/dump'],
  'beat.url': '$BEAT_URL',
  'beat.every': '5m',
  jobs: {
    dump: {
      at: '40 3 * * * Europe/Zurich',
      run: 'pg_dump -f dump.sql app',
      retry: '3 every 10m',
      late: '2h',
    },
    tell: { after: 'dump failed', run: ['sh', '-c', 'echo the dump failed'] },
  },
  quiet: [{ when: 'Sun 02:00-04:00 Europe/Zurich', why: 'switch maintenance' }],
};

/** Values of keys below one, with their whole paths. */
function keyed(path: string, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`${path}.${key}`, value]));
}

/** Keys that are shown but switched off, since they are not valid for everybody. */
export const SWITCHED_OFF: readonly string[] = [
  'services.NAME.user',
  ...['dictionary', 'creds', 'ca', 'cert', 'key'].map((key) => `services.NAME.collect.${key}`),
  'forward.NAME.ca',
];

/** Keys that mean nothing beside the others of the example: what they are for is written instead of those. */
export const INSTEAD: readonly string[] = ['hub.url', 'hub.token', 'hub.ca'];

export interface Service {
  readonly name: string;
  /** Whether it shows a key: `collect.from`. Sections are shown where any key in them is. */
  readonly has: (path: string) => boolean;
  /** The service that it stands in, where it is named in one. */
  readonly in?: string;
  /** What it says where others say something else. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/** A life shows in one way that it is ready: the first service has `line`, each other way has a service. */
const OF_OTHER_SIGNS = /^ready\.(fd|http|expect|tcp|every|timeout)$/;
const SIGNED = [
  { name: 'cache', keys: ['run', 'ready', 'ready.fd'], values: { run: ['cache', '--notify', '3'] } },
  {
    name: 'database',
    keys: ['run', 'ready', 'ready.tcp', 'ready.every', 'ready.timeout'],
    values: { run: ['postgres', '-D', 'data/postgres'] },
  },
  {
    name: 'web',
    keys: ['run', 'needs', 'ready', 'ready.http', 'ready.expect'],
    values: { run: ['node', 'server.js'], needs: ['database ready', 'cache ready'] },
  },
];

const OF_BROKERS = ['user', 'password', 'creds', 'ca', 'cert', 'key'].map((key) => `collect.${key}`);

/**
 * The services of the example: a service is of one kind, and collects one kind of stream, so that each kind has its own. Common
 * keys are in the first.
 */
const SERVICES: readonly Service[] = [
  {
    name: 'clock',
    has: (path) => !/^(?:collect|pipeline|unit)(?:\.|$)/.test(path) && !OF_OTHER_SIGNS.test(path),
  },
  ...SIGNED.map(({ name, keys, values }): Service => ({ name, has: (path) => keys.includes(path), values })),
  {
    name: 'firehose',
    has: (path) => path === 'collect' || (path.startsWith('collect.') && !OF_BROKERS.includes(path)),
  },
  {
    name: 'orders',
    has: (path) => ['collect', 'collect.from', 'collect.into', ...OF_BROKERS].includes(path),
    values: { 'collect.from': 'nats://broker.example:4222/ORDERS', 'collect.into': 'data/orders' },
  },
  {
    name: 'tm',
    has: (path) => /^pipeline(?:\.|$)/.test(path) && !path.startsWith('pipeline.inboxes'),
  },
  {
    name: 'plots',
    has: (path) => /^pipeline$|^pipeline\.(?:inboxes|products|steps)/.test(path),
    values: { 'pipeline.products': 'data/plots' },
  },
  {
    name: 'livereduce',
    has: (path) => ['unit', 'watch'].includes(path),
    values: {
      watch: { log: { file: '/var/log/livereduce.log', within: '5m', then: ['restart', 'page'] } },
    },
  },
];

const FORWARDS: readonly Service[] = [
  { name: 'logs', has: (path) => !['otlp', 'syslog', 'ca', 'services'].includes(path) },
  {
    name: 'collector',
    has: (path) => ['otlp', 'ca', 'services'].includes(path),
  },
  { name: 'siem', has: (path) => path === 'syslog' },
];

const INBOXES: readonly Service[] = [
  { name: 'tm', has: (path) => path !== 'reference', values: { root: 'data/tm' } },
  { name: 'kernels', has: (path) => ['root', 'reference'].includes(path), values: { reference: true } },
];

const STEPS: readonly Service[] = [
  {
    name: 'LB',
    in: 'tm',
    has: (path) => !['key', 'inputs', 'merge', 'wait', 'at', 'over', 'worker'].includes(path),
  },
  {
    name: 'L0',
    in: 'tm',
    has: (path) => ['from', 'run', 'each', 'names', 'key', 'wait', 'inputs', 'merge', 'to'].includes(path),
    values: {
      from: 'LB',
      run: ['lb2l0', '--into', '{target}', '--list', '{list}', '{out}'],
      each: 'group',
      wait: '10s',
      merge: true,
      to: 'L0/{svc}/{name}',
    },
  },
  {
    name: 'PLOT',
    in: 'tm',
    has: (path) => ['from', 'run', 'at', 'over', 'to'].includes(path),
    values: { from: 'L0', run: ['plot', '{in}', '{out}'], to: 'plots/{name}' },
  },
  {
    name: 'DRAW',
    in: 'plots',
    has: (path) => ['from', 'run', 'worker'].includes(path),
    values: { from: 'tm', run: ['draw', '--stay'], worker: true },
  },
];

/** What is named in the example, by the key that it stands under. */
export const NAMED: Readonly<Record<string, readonly Service[]>> = {
  services: SERVICES,
  forward: FORWARDS,
  'services.NAME.pipeline.inboxes': INBOXES,
  'services.NAME.pipeline.steps': STEPS,
};
