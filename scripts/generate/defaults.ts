import { BUILT_IN } from '../../src/app/config/schema.ts';
import { formatDuration } from '../../src/core/durations.ts';
import { formatSize } from '../../src/core/sizes.ts';
import { READY_DEFAULTS } from '../../src/run/readiness/config.ts';
import { EXPECTED_STATUS } from '../../src/run/readiness/http.ts';
import { LADDER_LIMITS } from '../../src/watch/ladder.ts';

export interface Default {
  /** As it would be written in the config; undefined where no one value says it. */
  readonly value: unknown;
  /** What the reference says, as Markdown. */
  readonly text: string;
}

/** What holds where neither a service nor `defaults` says anything, as it would be written. */
const PACED: Readonly<Record<string, unknown>> = {
  stop: formatDuration(BUILT_IN.stopMs),
  'restart.fast': BUILT_IN.fast,
  'restart.backoff': `${formatDuration(BUILT_IN.backoffMinMs)}..${formatDuration(BUILT_IN.backoffMaxMs)}`,
  'restart.slow': formatDuration(BUILT_IN.slowMs),
  'log.budget': formatSize(BUILT_IN.logBudgetBytes),
  'log.mode': '0640',
  'restart.watches.most': LADDER_LIMITS.mostRestarts,
  'restart.watches.per': formatDuration(LADDER_LIMITS.perMs),
  'restart.watches.cool': formatDuration(LADDER_LIMITS.coolMs),
};

const VALUES: Readonly<Record<string, unknown>> = {
  state: BUILT_IN.state,
  zone: BUILT_IN.zone,
  'hub.syslog.zone': 'UTC',
  'hub.clean-up': formatDuration(BUILT_IN.hubCleanUpMs),
  'hub.limits.records': BUILT_IN.hubRecords,
  'hub.limits.bytes': formatSize(BUILT_IN.hubRecordBytes),
  'hub.public-statistics': false,
  'hub.status-page.title': 'Status',
  'hub.keep.hub-size': formatSize(BUILT_IN.hubBytes),
  'hub.keep.free': formatSize(BUILT_IN.hubFree),
  'hub.keep.logs': formatDuration(BUILT_IN.keepLogsMs),
  'hub.keep.history': formatDuration(BUILT_IN.keepHistoryMs),
  'hub.keep.size': formatSize(BUILT_IN.keepBytes),
  'hub.keep.looks': formatDuration(BUILT_IN.keepLooksMs),
  'hub.keep.looks-size': formatSize(BUILT_IN.keepLooksBytes),
  'services.NAME.cwd': '.',
  'services.NAME.ready.expect': EXPECTED_STATUS,
  'services.NAME.ready.within': formatDuration(READY_DEFAULTS.withinMs),
  'services.NAME.ready.every': formatDuration(READY_DEFAULTS.everyMs),
  'services.NAME.ready.timeout': formatDuration(READY_DEFAULTS.timeoutMs),
  'services.NAME.boot': true,
  'services.NAME.stop-signal': 'TERM',
};

/** Defaults that depend on something, in words. */
const TEXTS: Readonly<Record<string, string>> = {
  'defaults.restart.no-restart-on': 'none; `2` and `6` for a service with `collect`',
  'services.NAME.restart.no-restart-on':
    '`defaults.restart.no-restart-on`, else none; `2` and `6` with `collect`',
  'beats.url': '`http://LISTEN`',
  'hub.act': '`true` where the hub is on this machine, `false` where it is elsewhere',
  'services.NAME.user': 'the daemon’s user',
  'services.NAME.log.file': '`STATE/logs/NAME.log`',
  'services.NAME.memory': 'no limit',
  'services.NAME.cpu': 'all processors',
  'services.NAME.open-files': 'the daemon’s own limit',
  'services.NAME.tmp': 'what all programs of the machine share',
  'services.NAME.env': 'the daemon’s environment alone',
};

/** The default of the key at a path; `inSchema` is the one that the schema fills in by itself. */
export function defaultOf(path: string, inSchema: unknown): Default | undefined {
  const [, where, key = ''] = /^(defaults|services\.NAME)\.(.+)$/.exec(path) ?? [];
  const value = inSchema ?? VALUES[path] ?? PACED[key];
  const text = TEXTS[path];
  if (text !== undefined) return { value, text };
  if (value === undefined) return undefined;
  const written = `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
  const inherited = where === 'services.NAME' && key in PACED;
  return { value, text: inherited ? `\`defaults.${key}\`, else ${written}` : written };
}

/** The paths that this file speaks of, so that a test can find one that the schema no longer has. */
export const PATHS_WITH_DEFAULTS: readonly string[] = [
  ...Object.keys(VALUES),
  ...Object.keys(TEXTS),
  ...Object.keys(PACED).flatMap((key) => [`defaults.${key}`, `services.NAME.${key}`]),
];
