import { readFileSync } from 'node:fs';
import type { Clock, Timer } from '../../core/clock.ts';
import { type ProgramDeps, runProgram } from './program.ts';

/**
 * What a process of ours tells systemd of itself, sd_notify(3). Node has no datagram sockets of Unix, so systemd's own program
 * `systemd-notify` says it; the unit needs `NotifyAccess=all`.
 */
export interface ServiceNotice {
  /** It does its work. Told once. */
  ready(): void;
  /** It is about to end. Signs of life go on: an end may take as long as it takes. */
  stopping(): void;
  close(): void;
}

/** How long one word may take; a sign of life that is late is followed by the next one. */
const SAY_MS = 10_000;
/** As sd_watchdog_enabled(3) has it: a sign of life at half the time. */
const SIGNS_PER_WATCHDOG = 2;

const SOCKET = 'NOTIFY_SOCKET';
const WATCHDOG_MICROS = 'WATCHDOG_USEC';
const WATCHDOG_PID = 'WATCHDOG_PID';

/**
 * Who tells systemd, in a process that systemd started and wants to hear; undefined in any other. The variables are taken out of
 * `env`: they are not for children. Signs of life, where systemd waits for them, begin at once, on the loop of events: a
 * process whose loop hangs gives none.
 */
export function serviceNotice(env: NodeJS.ProcessEnv, clock: Clock, log: (message: string) => void) {
  const socket = env[SOCKET];
  const micros = Number(env[WATCHDOG_MICROS] ?? '');
  const isMeant = env[WATCHDOG_PID] === undefined || env[WATCHDOG_PID] === String(process.pid);
  for (const name of [SOCKET, WATCHDOG_MICROS, WATCHDOG_PID]) delete env[name];
  if (socket === undefined || socket === '') return undefined;
  const say = createSay(socket, clock, log);
  const everyMs = isMeant && micros > 0 ? micros / 1000 / SIGNS_PER_WATCHDOG : undefined;
  return beginNotice(say, everyMs, clock);
}

/** The unit that this process is the main one of; undefined where systemd does not wait for a word of it. */
export function ownUnit(env: NodeJS.ProcessEnv): string | undefined {
  if (env[SOCKET] === undefined) return undefined;
  try {
    // cgroups(7): `0::/system.slice/vahti.service`.
    return /([^/\n]+\.service)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

type Say = (word: string) => Promise<void>;

/** One program at a time, and each word once. */
function createSay(socket: string, clock: Clock, log: (message: string) => void): Say {
  const deps: ProgramDeps = { clock, life: 'systemd-notify', variables: { [SOCKET]: socket } };
  let told = false;
  let before: Promise<void> = Promise.resolve();
  const sayNow = async (word: string): Promise<void> => {
    const { exit, stderr } = await runProgram(['systemd-notify', word], deps, {
      deadlineMs: SAY_MS,
      mostBytes: 4096,
    });
    if ((exit.kind === 'exited' && exit.code === 0) || told) return;
    told = true;
    const why = exit.kind === 'failed' ? exit.error : stderr.trim().split('\n')[0];
    log(`cannot tell systemd ${word}: ${why === undefined || why === '' ? exit.kind : why}`);
  };
  return (word) => {
    before = before.then(() => sayNow(word));
    return before;
  };
}

function beginNotice(say: Say, everyMs: number | undefined, clock: Clock): ServiceNotice {
  let timer: Timer | undefined;
  let over = false;
  let isReady = false;
  const live = (): void => {
    if (everyMs === undefined) return;
    timer = clock.timer(everyMs, () => {
      void say('WATCHDOG=1').then(() => {
        if (!over) live();
      });
    });
  };
  live();
  return {
    ready() {
      if (isReady) return;
      isReady = true;
      void say('READY=1');
    },
    stopping: () => void say('STOPPING=1'),
    close() {
      over = true;
      timer?.cancel();
    },
  };
}
