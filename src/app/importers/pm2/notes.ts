import { didYouMean } from '../../../core/suggest.ts';
import type { Fields } from './fields.ts';
import { ALL_SPELLINGS } from './options.ts';

const NOT_TAKEN = 'not taken over:';

/** What is said of keys that nothing here stands for, with the reason. */
const REASONS: readonly (readonly [keys: readonly string[], reason: string])[] = [
  [
    ['max_restarts', 'min_uptime', 'restart_delay', 'exp_backoff_restart_delay'],
    'restarts have lanes here: fast, then backing off, then slow, and never given up; `restart` tunes them',
  ],
  [
    ['cron_restart'],
    'nothing restarts by the clock here; a restart that clears a leak is what `memory` is for',
  ],
  [
    ['wait_ready', 'listen_timeout'],
    'a service has no channel to its parent here: process.send is undefined, so call process.send?.("ready")',
  ],
  [
    ['shutdown_with_message'],
    'a service has no channel to its parent here: let it listen to SIGTERM instead of a message',
  ],
  [['treekill'], 'a stop always ends the whole process tree'],
  [['merge_logs', 'log_type', 'log_date_format', 'time'], 'each line is recorded with its time'],
  [['pid_file'], '`vahti status --pid NAME` prints the process id'],
  [['watch_delay'], 'changes that come together count once'],
  [['namespace'], 'there are no groups of services; name the services that you mean'],
  [['filter_env'], 'a service gets the daemon’s whole environment; start the daemon with less'],
  [['append_env_to_name', 'disable_source_map_support'], 'it needs nothing here'],
];

/** The comments of one app: what of it was not taken over, and what to look at. */
export function appNotes(
  fields: Fields,
  { count, environment }: { readonly count: number; readonly environment: string | undefined },
): readonly string[] {
  const notes = [...instanceNotes(fields, count)];
  for (const [keys, reason] of REASONS) {
    const there = keys.filter((key) => isSaid(fields, key));
    if (there.length > 0)
      notes.push(`${NOT_TAKEN} ${there.map((key) => fields.spelling(key)).join(', ')}: ${reason}`);
  }
  const others = [...fields.environments.keys()].filter((name) => name !== environment);
  if (others.length > 0)
    notes.push(
      `${NOT_TAKEN} ${others.map((name) => `env_${name}`).join(', ')}: --env NAME takes one of them`,
    );
  if (fields.own.length > 0) notes.push(`${NOT_TAKEN} ${fields.own.join(', ')}: PM2’s own affair`);
  for (const key of fields.unknown)
    notes.push(`${NOT_TAKEN} ${key}: PM2 knows no such key either${didYouMean(key, ALL_SPELLINGS)}`);
  const undefinedOnes = namesWithoutValue(fields.raw('env'));
  if (undefinedOnes.length > 0)
    notes.push(
      `${undefinedOnes.join(', ')} had no value when the file was evaluated: the service has the daemon’s own, if it has one`,
    );
  return notes;
}

/** Whether a key says something that is missing here: `treekill: true` does not. */
function isSaid(fields: Fields, key: string): boolean {
  const value = fields.raw(key);
  if (key === 'treekill') return value === false;
  if (key === 'cron_restart') return value !== undefined && value !== 0 && value !== '0';
  return value !== undefined && value !== false;
}

function instanceNotes(fields: Fields, count: number): string[] {
  const cluster = (fields.text('exec_mode') ?? '').startsWith('cluster');
  if (count === 1) return [];
  const variable = fields.text('instance_var') ?? 'NODE_APP_INSTANCE';
  const each = `${fields.spelling('instances')}: ${String(fields.raw('instances'))}: ${count} services, each with its own ${variable}`;
  const shared = cluster || !fields.has('exec_mode');
  if (!shared) return [each];
  return [
    each,
    `look: in PM2’s cluster mode all instances share one port; here each one listens for itself: on a port of its own (say, base + ${variable}), or all with reusePort: true`,
  ];
}

function namesWithoutValue(env: unknown): string[] {
  if (typeof env !== 'object' || env === null) return [];
  return Object.entries(env)
    .filter(([, value]) => typeof value === 'object' && value !== null && '$undefined' in value)
    .map(([name]) => name);
}
