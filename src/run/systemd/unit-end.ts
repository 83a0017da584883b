import { constants } from 'node:os';
import { approximateDuration } from '../../core/durations.ts';
import { LEVELS } from '../../core/record.ts';
import { approximateSize } from '../../core/sizes.ts';
import type { UnitExit, UnitPolicy } from '../../core/units.ts';

/** How a run of a unit ended, in words. */

/** What is known of it. */
export interface RunEnd {
  /** As systemd calls it: `success`, `exit-code`, `watchdog`, … */
  readonly result: string;
  /** Of the main process; null where nobody said. */
  readonly exit: Pick<UnitExit, 'kind' | 'status'> | null;
  /** Of a command beside it that failed: `ExecStartPre exited with code 1`. */
  readonly beside: string | null;
  readonly livedMs: number | null;
  /** It was told to stop, by whomever. */
  readonly asked: boolean;
  /** It had become active. */
  readonly wasActive: boolean;
  /** The kernel killed something of it for its memory. */
  readonly outOfMemory: boolean;
  /** What systemd said of it, in its own words. */
  readonly words: readonly string[];
  readonly policy: UnitPolicy | undefined;
}

export function describeEnd(end: RunEnd): { readonly message: string; readonly level: number } {
  const message = end.asked && isWell(end) ? `${inWords(end)}, as asked` : inWords(end);
  return { message, level: levelOf(end) };
}

/** An end that was asked for is information, unless something had to be killed; any other is a warning or an error. */
function levelOf(end: RunEnd): number {
  const well = isWell(end);
  if (end.asked) return well ? LEVELS.info : LEVELS.warn;
  return well ? LEVELS.warn : LEVELS.error;
}

function isWell({ result, outOfMemory }: RunEnd): boolean {
  return result === 'success' && !outOfMemory;
}

function inWords(end: RunEnd): string {
  const after = end.livedMs === null ? '' : ` after ${approximateDuration(end.livedMs)}`;
  if (end.outOfMemory || end.result === 'oom-kill') return `killed for its memory${after}${memoryLimit(end)}`;
  switch (end.result) {
    case 'exit-code':
      return end.exit?.kind === 'exited' ? byCode(end.exit.status, after) : (end.beside ?? `failed${after}`);
    case 'signal':
      return `${plainly(end, after)}${perhapsMemory(end)}${perhapsWatchdog(end)}`;
    case 'core-dump':
      return `${plainly(end, after)}, core dumped${perhapsWatchdog(end)}`;
    case 'watchdog':
      return `killed by systemd's watchdog${after}: no sign of life${within(end.policy?.watchdogMs)} (WatchdogSec)`;
    case 'timeout':
      return timedOut(end, after);
    case 'success':
      return end.exit === null ? `ended${after}` : `${plainly(end, after)}${perhapsWatchdog(end)}`;
    default:
      return Object.hasOwn(OTHER_RESULTS, end.result)
        ? `${OTHER_RESULTS[end.result]} (${end.result})`
        : `ended${after}: systemd calls it ${end.result}`;
  }
}

function plainly({ exit, beside }: RunEnd, after: string): string {
  if (exit === null) return beside ?? `ended${after}`;
  const how =
    exit.kind === 'exited' ? `exited with code ${exit.status}` : `ended by ${signalName(exit.status)}`;
  return `${how}${after}`;
}

function timedOut({ asked, wasActive, words }: RunEnd, after: string): string {
  if (words.some((word) => /runtime time limit/.test(word)))
    return `ended by systemd${after}: it had run as long as it may (RuntimeMaxSec)`;
  return asked || wasActive
    ? `killed by systemd${after}: it did not stop in time (TimeoutStopSec)`
    : `ended by systemd${after}: it was not up in time (TimeoutStartSec)`;
}

function within(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '' : ` within ${approximateDuration(ms)}`;
}

function memoryLimit({ policy }: RunEnd): string {
  const bytes = policy?.memoryBytes ?? null;
  return bytes === null ? '' : ` (MemoryMax ${approximateSize(bytes)})`;
}

/** With control groups of version 1 the kernel kills, and systemd does not know why. */
function perhapsMemory(end: RunEnd): string {
  const killed = end.exit?.kind === 'killed' && end.exit.status === constants.signals.SIGKILL;
  return killed && !end.asked && (end.policy?.memoryBytes ?? null) !== null
    ? `, perhaps for its memory${memoryLimit(end)}`
    : '';
}

/** What systemd calls it may not be known: its words come late, and a look finds the next run by then. */
function perhapsWatchdog({ exit, asked, policy }: RunEnd): string {
  const aborted = exit !== null && exit.kind !== 'exited' && exit.status === constants.signals.SIGABRT;
  return aborted && !asked && (policy?.watchdogMs ?? null) !== null
    ? ", perhaps by systemd's watchdog (WatchdogSec)"
    : '';
}

const OTHER_RESULTS: Readonly<Record<string, string>> = {
  protocol: 'ended: it did not do what its Type asks for, such as to say that it is ready',
  resources: 'not started: systemd could not set up what it needs',
  'start-limit-hit': 'not started: it was started too often in too short a time',
  'exec-condition': 'not started: its ExecCondition says no',
};

/** Exit codes by which systemd says that it could not start a program, systemd.exec(5). */
const EXEC_CODES: Readonly<Record<number, readonly [name: string, why: string]>> = {
  200: ['CHDIR', 'its folder cannot be entered'],
  203: ['EXEC', 'its program is not there or cannot be executed'],
  205: ['LIMITS', 'its limits cannot be set'],
  208: ['STDIN', 'its standard input cannot be opened'],
  209: ['STDOUT', 'its standard output cannot be opened'],
  210: ['CHROOT', 'its root cannot be changed'],
  216: ['GROUP', 'its group does not exist or cannot be taken'],
  217: ['USER', 'its user does not exist or cannot be taken'],
  218: ['CAPABILITIES', 'its capabilities cannot be set'],
  219: ['CGROUP', 'its control group cannot be set up'],
  222: ['STDERR', 'its standard error cannot be opened'],
  224: ['PAM', 'its PAM session cannot be opened'],
  225: ['NETWORK', 'its network namespace cannot be set up'],
  226: ['NAMESPACE', 'its file systems cannot be set up as the unit asks'],
  228: ['SECCOMP', 'its system calls cannot be filtered'],
  233: ['RUNTIME_DIRECTORY', 'its runtime folder cannot be made'],
  238: ['STATE_DIRECTORY', 'its state folder cannot be made'],
  239: ['CACHE_DIRECTORY', 'its cache folder cannot be made'],
  240: ['LOGS_DIRECTORY', 'its log folder cannot be made'],
  241: ['CONFIGURATION_DIRECTORY', 'its configuration folder cannot be made'],
  243: ['CREDENTIALS', 'its credentials cannot be set up'],
};

function byCode(code: number, after: string): string {
  const [name, why] = EXEC_CODES[code] ?? [];
  return name === undefined
    ? `exited with code ${code}${after}`
    : `cannot be started: ${why} (${code}/${name})`;
}

/** Of two names of one signal the first counts: SIGABRT, not SIGIOT. */
const SIGNALS = new Map(
  Object.entries(constants.signals)
    .toReversed()
    .map(([name, number]) => [number, name]),
);

/** `SIGSEGV`. */
export function signalName(number: number): string {
  return SIGNALS.get(number) ?? `signal ${number}`;
}
