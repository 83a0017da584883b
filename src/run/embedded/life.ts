import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { bootId, endTree, failedProcess, LIFE_VARIABLE, startProcess } from '../../core/processes.ts';
import type { Exit, Process, TreeEnd, User } from '../../core/processes.ts';
import { treeMemory } from '../../core/process-memory.ts';
import type { Result } from '../../core/result.ts';
import type { RecordedProcess } from '../../core/runner.ts';
import { READY_FD_VARIABLE } from '../readiness/fd.ts';
import type { LifeReadiness } from '../readiness/readiness.ts';
import type { CapturedLog } from './captured-log.ts';
import { type PrivateTmp, tmpEnvironment } from './private-tmp.ts';

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
   * Ends the whole tree: its stop signal, at the deadline SIGKILL. When it is gone, so is the main process, and what the pipes
   * held is taken, unless somebody else keeps them open.
   */
  end(deadlineMs: number): Promise<TreeEnd>;
  /** SIGKILL to the whole tree, now; an `end` that is on its way has reached its deadline. */
  kill(): void;
  /** Bytes of memory that the whole tree takes; undefined where that can't be seen. */
  memory(): Promise<number | undefined>;
  /** Takes what is still in the pipes (1 s at most) and closes them; removes its private folder. */
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
  readonly openFiles?: number;
  readonly processors?: readonly number[];
  /** What asks the main process to end; default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** It ends its own children: at a stop it alone is asked to end. */
  readonly endsChildren?: boolean;
  readonly tmp?: PrivateTmp;
  /** Looked for from the start of the life until it exits or is ended. */
  readonly readiness?: LifeReadiness | undefined;
}

/** With the tree gone the pipes end within a turn of the loop; only a stranger holding one makes this be waited out. */
const SETTLE_MS = 5;
const DRAIN_MS = 1000;

export function startLife(spec: LifeSpec, captured: CapturedLog, clock: Clock): Life {
  const id = createLifeId(clock.now());
  const life = `${spec.stateId}/${spec.name}/${id}`;
  const startedAt = clock.now();
  const begun = clock.monotonic();
  const tmp = spec.tmp?.make(`${spec.name}.${id}`);
  const main = startMain(spec, { [LIFE_VARIABLE]: life, VAHTI_SERVICE: spec.name }, tmp);
  const { pid, startTicks } = main;
  const { readiness } = spec;
  const capture = captured.attach(id, main, readiness?.heard);
  const identity = pid === undefined || startTicks === undefined ? undefined : { pid, startTicks };
  const exited = main.exited.then((exit) => {
    readiness?.close();
    return { exit, at: clock.micros(), livedMs: clock.monotonic() - begun };
  });
  if (pid !== undefined) readiness?.begin(main.notify);
  const group = identity === undefined ? {} : { pgid: identity.pid, startTicks: identity.startTicks };
  const signal = {
    ...(spec.stopSignal === undefined ? {} : { signal: spec.stopSignal }),
    ...(spec.endsChildren === true ? { mainFirst: true } : {}),
  };
  const hurry = new AbortController();
  let removed: Promise<void> | undefined;
  return {
    id,
    pid,
    startedAt,
    recorded: identity === undefined ? null : { ...identity, life, boot: bootId() },
    exited,
    tail: () => capture.tail(),
    async end(deadlineMs) {
      readiness?.close();
      const end = await endTree({ ...group, ...signal, life, deadlineMs, hurry: hurry.signal, clock });
      if (end.kind === 'stuck') return end;
      if (tmp?.ok) removed ??= spec.tmp?.remove(tmp.value);
      await exited;
      const patience = new AbortController();
      await Promise.race([capture.ended, clock.sleep(SETTLE_MS, patience.signal)]);
      patience.abort();
      return end;
    },
    kill() {
      hurry.abort();
      void endTree({ ...group, life, deadlineMs: 0, clock });
    },
    memory: () => treeMemory({ ...group, life }),
    async drain() {
      await Promise.all([capture.finish(DRAIN_MS), removed]);
      main.notify?.destroy();
    },
  };
}

/** Looks the environment up anew for each life: a secret in a file may have changed, or be there at last. */
function startMain(
  spec: LifeSpec,
  own: Readonly<Record<string, string>>,
  tmp: Result<string, string> | undefined,
): Process {
  const { argv, cwd, user, openFiles, processors, env, readiness } = spec;
  const found = env();
  if (!found.ok) return failedProcess(`cannot start "${argv[0] ?? ''}": ${found.error}`);
  if (tmp?.ok === false) return failedProcess(`cannot start "${argv[0] ?? ''}": ${tmp.error}`);
  // Ours, where this daemon is itself a service, is no descriptor of the child's.
  const { [READY_FD_VARIABLE]: _, ...rest } = found.value;
  const fd = readiness?.fd;
  const notify = fd === undefined ? {} : { [READY_FD_VARIABLE]: String(fd) };
  return startProcess({
    argv,
    cwd,
    ...(user === undefined ? {} : { user }),
    ...(openFiles === undefined ? {} : { openFiles }),
    ...(processors === undefined ? {} : { processors }),
    env: { ...rest, ...(tmp === undefined ? {} : tmpEnvironment(tmp.value)), ...notify, ...own },
    stdout: 'pipe',
    stderr: 'pipe',
    ...(fd === undefined ? {} : { notifyFd: fd }),
  });
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
