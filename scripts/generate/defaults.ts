import { BUILT_IN } from '../../src/app/config/schema.ts';
import { formatDuration } from '../../src/core/durations.ts';
import { formatSize } from '../../src/core/sizes.ts';

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
};

const VALUES: Readonly<Record<string, unknown>> = {
  state: BUILT_IN.state,
  'hub.keep.logs': formatDuration(BUILT_IN.keepLogsMs),
  'hub.keep.history': formatDuration(BUILT_IN.keepHistoryMs),
  'hub.keep.size': formatSize(BUILT_IN.keepBytes),
  'services.NAME.cwd': '.',
};

/** Defaults that depend on something, in words. */
const TEXTS: Readonly<Record<string, string>> = {
  'defaults.restart.no-restart-on': 'none; `2` and `6` for a service with `collect`',
  'services.NAME.restart.no-restart-on':
    '`defaults.restart.no-restart-on`, else none; `2` and `6` with `collect`',
  'services.NAME.user': 'the daemon’s user',
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
