import { err, ok, type Result } from '../../core/result.ts';
import type { UnitFacts } from '../../core/units.ts';
import { type ProgramDeps, type ProgramEnd, runProgram } from './program.ts';
import { parseFacts, PROPERTIES } from './unit-facts.ts';

/** Why systemd could not be asked, or did not do it. */
export interface SystemdTrouble {
  /** `absent`: there is no systemd here. `overruled`: somebody else wants something else of the unit at this moment. */
  readonly kind: 'absent' | 'timeout' | 'aborted' | 'overruled' | 'failed';
  /** A whole sentence. */
  readonly message: string;
}

export type Verb = 'start' | 'stop' | 'restart' | 'try-restart' | 'reset-failed';

/** How long PID 1 may take to answer a question. */
const ANSWER_MS = 5000;
/** And to take a job in, while it is busy. */
const BEGIN_MS = 30_000;
/** Of what systemctl prints about so many units at once. */
const MOST_BYTES = 4_194_304;

/** What systemd says of units, all in one question, in the order of their names. */
export async function showUnits(
  names: readonly string[],
  deps: ProgramDeps,
  signal?: AbortSignal,
): Promise<Result<readonly UnitFacts[], SystemdTrouble>> {
  if (names.length === 0) return ok([]);
  const options = {
    deadlineMs: ANSWER_MS,
    mostBytes: MOST_BYTES,
    ...(signal === undefined ? {} : { signal }),
  };
  const ask = (exact: readonly string[]): Promise<ProgramEnd> => {
    const argv = ['systemctl', 'show', ...exact, `--property=${PROPERTIES.join(',')}`, '--', ...names];
    return runProgram(argv, deps, options);
  };
  let end = await ask(['--timestamp=us+utc']);
  // Before systemd 247 there are no parts of seconds.
  if (/unrecognized option|invalid argument.*timestamp/i.test(end.stderr)) end = await ask([]);
  const trouble = troubleOf('ask systemd', end, ANSWER_MS);
  if (trouble !== undefined) return err(trouble);
  const facts = parseFacts(end.stdout, names);
  if (facts !== undefined) return ok(facts);
  return err({ kind: 'failed', message: `cannot read what systemd says of ${names.join(', ')}` });
}

/** Tells systemd to do something with a unit, and waits until it is done. */
export async function actOnUnit(
  verb: Verb,
  name: string,
  deps: ProgramDeps,
  { deadlineMs, signal }: { readonly deadlineMs: number; readonly signal: AbortSignal },
): Promise<Result<void, SystemdTrouble>> {
  // A stop that was asked for, and is still to be done, would be thrown away by a restart (54 of 150 were, measured).
  const mode = verb === 'try-restart' ? ['--job-mode=fail'] : [];
  const argv = ['systemctl', '--no-ask-password', ...mode, verb, '--', name];
  const end = await runProgram(argv, deps, { deadlineMs, mostBytes: 65_536, signal });
  const trouble = troubleOf(`${verb} ${name}`, end, deadlineMs);
  return trouble === undefined ? ok(undefined) : err(trouble);
}

/** Has systemd start a unit, and does not wait: a oneshot unit has started only when it is over. */
export async function beginUnit(
  name: string,
  deps: ProgramDeps,
  signal: AbortSignal,
): Promise<Result<void, SystemdTrouble>> {
  const argv = ['systemctl', '--no-ask-password', '--no-block', 'start', '--', name];
  const end = await runProgram(argv, deps, { deadlineMs: BEGIN_MS, mostBytes: 65_536, signal });
  const trouble = troubleOf(`start ${name}`, end, BEGIN_MS);
  return trouble === undefined ? ok(undefined) : err(trouble);
}

const NO_SYSTEMD = /not been booted with systemd|Failed to connect to (?:system scope )?bus/i;
const NOT_ALLOWED = /Access denied|[Ii]nteractive authentication required|Permission denied/;

/** What came of a call, where it is not what was wanted. @param what it was to do, behind "cannot". */
function troubleOf(
  what: string,
  { exit, stderr }: ProgramEnd,
  deadlineMs: number,
): SystemdTrouble | undefined {
  switch (exit.kind) {
    case 'exited': {
      if (exit.code === 0) return undefined;
      return { kind: kindOf(stderr), message: `cannot ${what}: ${reasonIn(stderr, exit.code)}` };
    }
    case 'signalled':
      return { kind: 'failed', message: `cannot ${what}: systemctl was ended by ${exit.signal}` };
    case 'failed':
      return { kind: 'absent', message: `cannot ${what}: ${exit.error}` };
    case 'timeout':
      return { kind: 'timeout', message: `cannot ${what}: no answer within ${deadlineMs / 1000} s` };
    case 'aborted':
      return { kind: 'aborted', message: `cannot ${what}: given up` };
  }
}

const OVERRULED = /Transaction for \S+ is destructive|^Job for \S+ canceled/m;

function kindOf(stderr: string): SystemdTrouble['kind'] {
  if (NO_SYSTEMD.test(stderr)) return 'absent';
  return OVERRULED.test(stderr) ? 'overruled' : 'failed';
}

function reasonIn(stderr: string, code: number): string {
  if (NO_SYSTEMD.test(stderr)) return 'systemd does not run here';
  if (NOT_ALLOWED.test(stderr)) return 'not allowed; it needs root, or a rule of polkit for this user';
  if (OVERRULED.test(stderr)) return 'somebody else stops or starts it at this moment';
  const [first = ''] = stderr.split('\n');
  // `Failed to start X: WHY`, `Job for X failed because WHY`
  const why =
    /^(?:Failed to \S+ \S+: |Job for \S+ failed because )(.*?)\.?$/.exec(first)?.[1] ?? first.trim();
  return why === '' ? `systemctl ended with code ${code}` : why.slice(0, 300);
}
