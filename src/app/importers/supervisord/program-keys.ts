import { formatDuration } from '../../../core/durations.ts';
import { formatSize } from '../../../core/sizes.ts';
import type { ServiceKeys } from '../draft.ts';
import { withoutTilde } from '../paths.ts';
import { didYouMean } from '../../../core/suggest.ts';
import { STOP_SIGNALS } from '../../../run/limits-config.ts';
import type { Settings } from './settings.ts';

const DEFAULT_FILES = 1_024;
const DEFAULT_BYTES = 52_428_800;
const DEFAULT_BACKUPS = 10;
const LEAST_BUDGET = 65_536;

/** Everything of a program that bounds and paces its service, as keys. */
export function programKeys(settings: Settings, main: Settings): Omit<ServiceKeys, 'run' | 'cwd' | 'env'> {
  const keys: Omit<ServiceKeys, 'run' | 'cwd' | 'env'> = {};
  const user = settings.text('user') ?? main.text('user');
  if (user !== undefined && user !== '') keys.user = user;
  const stop = settings.whole('stopwaitsecs');
  if (stop !== undefined && stop >= 0) keys.stop = formatDuration(stop * 1_000);
  const signal = settings.signal('stopsignal')?.slice(3);
  if (signal !== undefined && signal !== 'TERM' && isStopSignal(signal)) keys['stop-signal'] = signal;
  if (settings.flag('autostart') === false) keys.boot = false;
  const files = main.whole('minfds');
  if (files !== undefined && files > DEFAULT_FILES) keys['open-files'] = files;
  const codes = finalCodes(settings);
  if (codes.length > 0) keys.restart = { 'no-restart-on': codes };
  const log = logKeys(settings);
  if (log !== undefined) keys.log = log;
  return keys;
}

function isStopSignal(name: string): boolean {
  return (STOP_SIGNALS as readonly string[]).includes(name);
}

/** Exit codes after which supervisord leaves a program alone: by default 0, and none with autorestart=true. */
function finalCodes(settings: Settings): readonly number[] {
  const restart = (settings.text('autorestart') ?? 'unexpected').toLowerCase();
  if (/^(?:yes|true|on|1)$/.test(restart)) return [];
  if (restart !== 'unexpected' && !/^(?:no|false|off|0)$/.test(restart))
    settings.complain('autorestart', `${JSON.stringify(restart)} is not true, false or unexpected`);
  const written = settings.text('exitcodes') ?? '0';
  const codes = written.split(',').filter((each) => each.trim() !== '');
  const numbers = codes.map((each) => (/^\s*\d{1,3}\s*$/.test(each) ? Number(each) : Number.NaN));
  if (numbers.some((code) => !(code <= 255)))
    settings.complain('exitcodes', `${JSON.stringify(written)} is no list of exit codes from 0 to 255`);
  return [...new Set(numbers.filter((code) => code <= 255))].sort((a, b) => a - b);
}

function logKeys(settings: Settings): ServiceKeys['log'] {
  const file = settings.text('stdout_logfile') ?? '';
  const budget = logBudget(settings);
  const named = file !== '' && !isNoFile(file);
  if (!named && budget === undefined) return undefined;
  return { ...(named ? { file: withoutTilde(file) } : {}), ...(budget === undefined ? {} : { budget }) };
}

function isNoFile(file: string): boolean {
  return /^(?:none|off|auto|syslog)$/i.test(file) || file.startsWith('/dev/') || file.startsWith('/proc/');
}

/** The bytes that all files of a program's output could take, where it says so itself; 0 is without any bound. */
function logBudget(settings: Settings): string | undefined {
  if (!settings.has('stdout_logfile_maxbytes') && !settings.has('stdout_logfile_backups')) return undefined;
  const bytes = settings.size('stdout_logfile_maxbytes') ?? DEFAULT_BYTES;
  const backups = settings.whole('stdout_logfile_backups') ?? DEFAULT_BACKUPS;
  return bytes === 0 ? undefined : formatSize(Math.max(LEAST_BUDGET, bytes * (Math.max(0, backups) + 1)));
}

/** What is said of options that nothing here stands for, with the reason. */
const REASONS: readonly (readonly [names: readonly string[], reason: string])[] = [
  [
    ['startsecs', 'startretries'],
    'restarts have lanes here: fast, then backing off, then slow, and never given up; `restart` tunes them',
  ],
  [['stopasgroup', 'killasgroup'], 'a stop always ends the whole process tree'],
  [
    ['stderr_logfile', 'stderr_logfile_maxbytes', 'stderr_logfile_backups'],
    'both streams go into one file, in order; the time line tells them apart',
  ],
  [
    ['stdout_syslog', 'stderr_syslog'],
    'output goes to the time line, and to a file within a budget of bytes',
  ],
  [
    ['stdout_capture_maxbytes', 'stderr_capture_maxbytes', 'stdout_events_enabled', 'stderr_events_enabled'],
    'there are no supervisord events here',
  ],
  [['serverurl'], 'there is no supervisord to call; `vahti` speaks to the daemon'],
  [['priority'], 'it only puts the starts in order, and waits for none; here all start at once'],
];

const TAKEN = (
  'command process_name numprocs numprocs_start autostart autorestart exitcodes stopsignal stopwaitsecs user ' +
  'redirect_stderr stdout_logfile stdout_logfile_maxbytes stdout_logfile_backups environment directory umask'
).split(' ');

/** The comments of one program: what of it was not taken over, and what to look at. */
export function programNotes(settings: Settings, count: number): readonly string[] {
  const notes: string[] = [];
  if (count !== 1) notes.push(`numprocs=${count}: ${count} services`);
  const signal = settings.signal('stopsignal');
  if (signal !== undefined && !isStopSignal(signal.slice(3)))
    notes.push(
      `not taken over: stopsignal=${signal.slice(3)}: a stop sends TERM, and KILL when \`stop\` is over; look what the program does at TERM`,
    );
  if (/^(?:no|false|off|0)$/i.test(settings.text('autorestart') ?? ''))
    notes.push(
      'not taken over: autorestart=false: a service is restarted unless it exits with one of the codes below; what runs once and ends is no service',
    );
  if (settings.size('stdout_logfile_maxbytes') === 0)
    notes.push(
      'not taken over: stdout_logfile_maxbytes=0: nothing grows without bound here; `log` has a budget of bytes',
    );
  if (/^(?:none|off|\/dev\/.*)$/i.test(settings.text('stdout_logfile') ?? ''))
    notes.push(
      `not taken over: stdout_logfile=${settings.text('stdout_logfile')}: what a service prints is always captured, within a budget of bytes`,
    );
  for (const [names, reason] of REASONS) {
    const there = names.filter((name) => settings.section.options.has(name) && isSaid(settings, name));
    if (there.length > 0) notes.push(`not taken over: ${there.join(', ')}: ${reason}`);
  }
  const known = [...TAKEN, ...REASONS.flatMap(([names]) => names)];
  for (const name of settings.names.filter((each) => !known.includes(each)))
    notes.push(`not taken over: ${name}: supervisord knows no such option either${didYouMean(name, known)}`);
  return notes;
}

/** Whether an option says something that is missing here. */
function isSaid(settings: Settings, name: string): boolean {
  if (/^(?:stopasgroup|killasgroup)$/.test(name)) return settings.flag(name) === false;
  if (/_(?:syslog|events_enabled)$/.test(name)) return settings.flag(name) === true;
  if (name.endsWith('capture_maxbytes')) return settings.size(name) !== 0;
  return true;
}
