import { formatDuration } from '../../../core/durations.ts';
import { formatSize } from '../../../core/sizes.ts';
import type { ServiceKeys } from '../draft.ts';
import { configPath, withoutTilde } from '../paths.ts';
import type { Fields } from './fields.ts';

type Limits = Omit<ServiceKeys, 'run' | 'cwd' | 'env'>;

/** Everything of an app that bounds and paces its service, as keys; and what has to be said of them. */
export function limits(
  fields: Fields,
  { base, folder }: { readonly base: string; readonly folder: string },
): { readonly keys: Limits; readonly notes: readonly string[] } {
  const keys: Limits = {};
  const notes: string[] = [];
  const user = fields.text('uid');
  if (user !== undefined) keys.user = user;
  if (fields.has('gid')) notes.push('not taken over: gid: a service has all groups of its user');
  const stop = stopTime(fields);
  if (stop !== undefined) keys.stop = stop;
  keys['stop-signal'] = 'INT';
  if (fields.flag('autostart') === false) keys.boot = false;
  const memory = memoryRange(fields);
  if (memory !== undefined) keys.memory = memory;
  const globs = watchedFiles(fields, notes);
  if (globs !== undefined) keys['reload-on'] = globs;
  const codes = exitCodes(fields, notes);
  if (codes !== undefined) keys.restart = { 'no-restart-on': codes };
  const log = logFile(fields, base, folder, notes);
  if (log !== undefined) keys.log = { file: log };
  return { keys, notes };
}

function stopTime(fields: Fields): string | undefined {
  const ms = fields.number('kill_timeout');
  if (ms !== undefined && ms < 0) fields.complain('kill_timeout', `${ms} is below 0`);
  return ms === undefined || ms < 0 ? undefined : formatDuration(ms);
}

/** PM2 restarts above its limit, looking every 30 s, so an app may be larger for a while: the hard limit leaves half as much again. */
function memoryRange(fields: Fields): string | undefined {
  const bytes = fields.size('max_memory_restart');
  if (bytes === undefined) return undefined;
  if (bytes === 0) return undefined;
  const unit = bytes % 1_048_576 === 0 ? 1_048_576 : 1;
  return `${formatSize(bytes)}..${formatSize(Math.ceil((bytes * 1.5) / unit) * unit)}`;
}

function exitCodes(fields: Fields, notes: string[]): readonly number[] | undefined {
  const codes = new Set<number>();
  if (fields.flag('autorestart') === false) {
    codes.add(0);
    notes.push(
      `not taken over: ${fields.spelling('autorestart')}: false: a service is restarted unless it exits with 0; what runs once and ends is no service`,
    );
  }
  for (const text of fields.list('stop_exit_codes') ?? []) {
    const code = Number(text);
    if (Number.isInteger(code) && code >= 0 && code <= 255) codes.add(code);
    else fields.complain('stop_exit_codes', `${text} is no exit code from 0 to 255`);
  }
  return codes.size === 0 ? undefined : [...codes].sort((a, b) => a - b);
}

/** `watch`: true is everything below its folder, but for what is hidden and node_modules. */
function watchedFiles(fields: Fields, notes: string[]): readonly string[] | undefined {
  const watch = fields.raw('watch');
  if (watch === undefined || watch === false || watch === 'false') return undefined;
  const whole = watch === true || watch === 'true' || (Array.isArray(watch) && watch.length === 0);
  const paths = whole ? ['.'] : (fields.list('watch') ?? []);
  if (fields.has('ignore_watch'))
    notes.push(`not taken over: ${fields.spelling('ignore_watch')}: there is nothing to leave out of`);
  if (fields.has('watch_options'))
    notes.push('not taken over: watch_options: they belong to PM2’s own watcher');
  return paths.map((path) => {
    const at = path.replace(/\/+$/, '').replace(/^\.\/(?=.)/, '');
    if (/[*?[{]/.test(path) || /\.\w+$/.test(path)) return at;
    return at === '.' ? '**' : `${at}/**`;
  });
}

/** One file where PM2 had one for each stream: both streams go into it, in order. */
function logFile(fields: Fields, base: string, folder: string, notes: string[]): string | undefined {
  const combined = fields.raw('log_file') === true ? undefined : fields.text('log_file');
  const out = combined ?? fields.text('out_file');
  const error = fields.text('error_file');
  if (fields.flag('disable_logs') === true || out === '/dev/null' || out === 'NULL')
    notes.push('not taken over: what an app prints is always captured, within a budget of bytes');
  const file = [out, error].find((path) => path !== undefined && path !== '/dev/null' && path !== 'NULL');
  if (file === undefined) return undefined;
  if (error !== undefined && error !== file)
    notes.push(
      `not taken over: ${fields.spelling('error_file')}: both streams go into one file, in order; the time line tells them apart`,
    );
  return configPath(withoutTilde(file), base, folder);
}
