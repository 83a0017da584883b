import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { bootId, endTree, failedProcess, LIFE_VARIABLE, startProcess } from '../../core/processes.ts';
import type { Exit, Process, TreeEnd, User } from '../../core/processes.ts';
import type { Result } from '../../core/result.ts';
import type { CapturedLog } from './captured-log.ts';
import type { RecordedProcess } from './survivors.ts';

/** One run of a command, from its start until nothing of it lives. */
export interface Life {
  readonly id: string;
  /** Undefined when it could not be started; `exited` says why. */
  readonly pid: number | undefined;
  /** Its main process, for the next daemon to find. */
  readonly recorded: RecordedProcess | null;
  /** Wall milliseconds. */
  readonly startedAt: number;
  readonly exited: Promise<LifeExit>;
  /** The last lines of its output. */
  tail(): readonly string[];
  /**
   * Ends the whole tree: SIGTERM, at the deadline SIGKILL. When it is gone, so is the main process, and what the pipes
   * held is taken, unless somebody else keeps them open.
   */
  end(deadlineMs: number): Promise<TreeEnd>;
  /** Takes what is still in the pipes (1 s at most) and closes them. */
  drain(): Promise<void>;
}

export interface LifeExit {
  readonly exit: Exit;
  /** Wall microseconds. */
  readonly at: number;
  /** Monotonic milliseconds from start to exit. */
  readonly livedMs: number;
}

export interface LifeSpec {
  readonly stateId: string;
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: () => Result<Readonly<Record<string, string>>, string>;
  readonly cwd: string;
  readonly user?: User;
}

/** With the tree gone the pipes end within a turn of the loop; only a stranger holding one makes this be waited out. */
const SETTLE_MS = 5;
const DRAIN_MS = 1000;

export function startLife(spec: LifeSpec, captured: CapturedLog, clock: Clock): Life {
  const id = createLifeId(clock.now());
  const life = `${spec.stateId}/${spec.name}/${id}`;
  const startedAt = clock.now();
  const begun = clock.monotonic();
  const main = startMain(spec, { [LIFE_VARIABLE]: life, VAHTI_SERVICE: spec.name });
  const { pid, startTicks } = main;
  const capture = captured.attach(id, main);
  const identity = pid === undefined || startTicks === undefined ? undefined : { pid, startTicks };
  const exited = main.exited.then((exit) => ({
    exit,
    at: clock.micros(),
    livedMs: clock.monotonic() - begun,
  }));
  return {
    id,
    pid,
    startedAt,
    recorded: identity === undefined ? null : { ...identity, life, boot: bootId() },
    exited,
    tail: () => capture.tail(),
    async end(deadlineMs) {
      const group = identity === undefined ? {} : { pgid: identity.pid, startTicks: identity.startTicks };
      const end = await endTree({ ...group, life, deadlineMs, clock });
      if (end.kind === 'stuck') return end;
      await exited;
      const patience = new AbortController();
      await Promise.race([capture.ended, clock.sleep(SETTLE_MS, patience.signal)]);
      patience.abort();
      return end;
    },
    drain: () => capture.finish(DRAIN_MS),
  };
}

/** Looks the environment up anew for each life: a secret in a file may have changed, or be there at last. */
function startMain({ argv, cwd, user, env }: LifeSpec, own: Readonly<Record<string, string>>): Process {
  const found = env();
  if (!found.ok) return failedProcess(`cannot start "${argv[0] ?? ''}": ${found.error}`);
  const as = user === undefined ? {} : { user };
  return startProcess({ argv, cwd, ...as, env: { ...found.value, ...own }, stdout: 'pipe', stderr: 'pipe' });
}

/** Crockford's base 32: no I, L, O, U. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A new life's id: 10 digits of time and 6 of chance, so that ids sort by time. As a ULID, but shorter. */
function createLifeId(nowMs: number): string {
  let time = '';
  for (let rest = Math.max(0, Math.floor(nowMs)), digit = 0; digit < 10; digit++) {
    time = `${DIGITS[rest % 32]}${time}`;
    rest = Math.floor(rest / 32);
  }
  return time + Array.from(randomBytes(6), (byte) => DIGITS[byte % 32]).join('');
}
