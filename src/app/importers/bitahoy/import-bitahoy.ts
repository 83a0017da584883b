import { formatDuration } from '../../../core/durations.ts';
import type { Diagnostic } from '../../../core/diagnostics.ts';
import { type Drafted, drafted, type Keys } from '../draft.ts';
import { mistake, readForeign } from '../foreign.ts';

export interface BitahoyOptions {
  /** The environment file of the old service. */
  readonly file: string;
  /** Where the hub is to listen. */
  readonly listen: string;
}

/** Written by hand, it has spaces around the sign, and quotes or none: `CLEANUP_INTERVAL = 5` (its README). */
const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|(.*?))\s*$/;

/** What the variables of the old service mean here; undefined: nothing, and nobody has to know. */
const NOTES: Readonly<Record<string, string | undefined>> = {
  DB_HOST:
    'DB_HOST, DB_PASS: the hub needs no database; `vahti import bitahoy-tables` takes over what is in the old one',
  ZMQ_HOST: 'ZMQ_HOST: there is one hub, and no relay between replicas',
  SLACK_BOT_TOKEN:
    'SLACK_BOT_TOKEN: faults of the hub are in its log; name a channel under `notify:` to be told when it is down',
  AUTH_BACKEND_SERVICE_HOST:
    'AUTH_BACKEND_SERVICE_HOST: tokens are the hub’s own (`vahti token create agent NAME`); signed ones of the old backend are taken with `old-tokens: auth.pem`, its public key (GET /requestPublicKey)',
  WITH_CACHE: 'WITH_CACHE: nothing needs it',
};
const QUIET = [
  'DB_PASS',
  'AUTH_BACKEND_SERVICE_PORT',
  'AUTH_BACKEND_SERVICE_PROTO',
  'MODULE_NAME',
  'WORKERS_PER_CORE',
  'WEB_CONCURRENCY',
  'PORT',
];

/** Makes a draft of a hub in the place of the old monitoring service. Nothing is started, stopped or asked. */
export function importBitahoy({ file, listen }: BitahoyOptions): Drafted {
  const text = readForeign(file);
  if (!text.ok) return { draft: undefined, diagnostics: [text.error] };
  const diagnostics: Diagnostic[] = [];
  const notes: string[] = [];
  const found = new Map<string, number>();
  for (const [index, line] of text.value.split('\n').entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name, double, single, plain = ''] = ASSIGNMENT.exec(line) ?? [];
    const place = { line: index + 1, column: 1 };
    if (name === undefined) {
      diagnostics.push(mistake(file, 'cannot read this line: write NAME=value', place));
      continue;
    }
    const value = double ?? single ?? plain;
    if (name === 'CLEANUP_INTERVAL' || name === 'LOGS_TIMEWINDOW') {
      if (/^[1-9]\d{0,8}$/.test(value)) found.set(name, Number(value) * 1000);
      else diagnostics.push(mistake(file, `cannot use this value of ${name}: write whole seconds`, place));
    } else if (NOTES[name] !== undefined) notes.push(NOTES[name]);
    else if (!QUIET.includes(name)) notes.push(`not taken over: ${name}`);
  }
  const hub = hubKeys(listen, found);
  return drafted({ notes: [...HEAD, ...notes], hub, services: [] }, diagnostics);
}

const HEAD: readonly string[] = [
  'In the place of monitoring_backend, its relay and its database. Old watchdogs go on speaking their protocol at /ws.',
  'Log lines are deleted by when they came, not by the watchdog’s clock; the old service never deleted any. Notifications it kept for ever; here `keep.notifications` says how long.',
];

function hubKeys(listen: string, found: ReadonlyMap<string, number>): Keys {
  const [interval, window] = [found.get('CLEANUP_INTERVAL'), found.get('LOGS_TIMEWINDOW')];
  return {
    listen,
    keep: { ...(window === undefined ? {} : { logs: formatDuration(window) }), notifications: '3650d' },
    ...(interval === undefined ? {} : { 'clean-up': formatDuration(interval) }),
    'public-statistics': true,
  };
}
