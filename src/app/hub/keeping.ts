import { err, ok, type Result } from '../../core/result.ts';
import type { Keep, KeepRule } from '../../hub/blocks/groups.ts';
import type { PlannedHub } from '../plan.ts';

/** What the hub keeps, and how often it cleans up. */
export type Keeping = Pick<PlannedHub, 'keep' | 'cleanUpMs'>;

/** A century: what is longer is a mistake. */
const MOST_SECONDS = 3_155_760_000;

/**
 * `CLEANUP_INTERVAL` and `LOGS_TIMEWINDOW` (whole seconds) hold in the place of what the config says: they are what the old service
 * was set up by. A window is that of all log lines, those of single services too.
 */
export function keepingOf(
  planned: Keeping,
  env: Readonly<Record<string, string | undefined>>,
): Result<Keeping, string> {
  const interval = secondsIn(env, 'CLEANUP_INTERVAL');
  const window = secondsIn(env, 'LOGS_TIMEWINDOW');
  if (!interval.ok) return interval;
  if (!window.ok) return window;
  const { cleanUpMs } = planned;
  return ok({
    cleanUpMs: interval.value ?? cleanUpMs,
    keep: window.value === undefined ? planned.keep : keepLogs(planned.keep, window.value),
  });
}

function secondsIn(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): Result<number | undefined, string> {
  const written = env[name]?.trim();
  if (written === undefined || written === '') return ok(undefined);
  const seconds = Number(written);
  return /^\d+$/.test(written) && seconds >= 1 && seconds <= MOST_SECONDS
    ? ok(seconds * 1000)
    : err(`cannot use ${name}=${written}: write whole seconds, 1 to ${MOST_SECONDS}`);
}

function keepLogs(keep: Keep, keepMs: number): Keep {
  const rules = keep.rules.map((rule) => (onlyLogs(rule) ? { ...rule, keepMs } : rule));
  return { ...keep, rules: rules as unknown as Keep['rules'] };
}

function onlyLogs({ kinds }: Partial<KeepRule>): boolean {
  return kinds?.length === 1 && kinds[0] === 'log';
}
