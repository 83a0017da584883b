import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { doomed, kill } from '../foreground.ts';
import type { Contestant } from './contestant.ts';

/** A program that cannot go on, and how a supervisor took it. */
export interface CrashLoop {
  /** How often it was started within the window. */
  readonly starts: number;
  /** When the last of these starts was, ms after the first. */
  readonly lastMs: number;
  /** What the supervisor says of it at the end. */
  readonly state: string;
}

export interface CrashProgram {
  readonly title: string;
  /** For sh; `$1` is a file that it adds a line to for each start, `$2` one of its own. */
  readonly script: string;
}

export const PROGRAMS: readonly CrashProgram[] = [
  { title: 'always exits 1 at once', script: 'echo >> "$1"\nexit 1\n' },
  {
    title: 'works 20 s, then exits 1 at once for ever',
    script: 'echo >> "$1"\n[ -e "$2" ] && exit 1\n: > "$2"\nsleep 20\nexit 1\n',
  },
];

const FIRST_START_MS = 60_000;

/** Lets a contestant run each program under a supervisor of its own, all at the same time. */
export function runCrashLoops(
  contestant: Contestant,
  loopMs: number,
  folder: string,
): Promise<readonly CrashLoop[]> {
  return Promise.all(
    PROGRAMS.map((program, nth) => runCrashLoop(contestant, program, loopMs, join(folder, String(nth)))),
  );
}

async function runCrashLoop(
  contestant: Contestant,
  program: CrashProgram,
  loopMs: number,
  folder: string,
): Promise<CrashLoop> {
  const place = join(folder, 'own');
  mkdirSync(place, { recursive: true });
  const [script, starts] = [join(folder, 'crash.sh'), join(folder, 'starts')];
  writeFileSync(script, program.script);
  const argv = ['/bin/sh', script, starts, join(folder, 'worked')];
  const supervisor = await contestant.start(place, [{ name: 'crash', argv }]);
  const root = (): number[] => [supervisor.pid];
  doomed.add(root);
  try {
    for (const end = Date.now() + FIRST_START_MS; countLines(starts) === 0; await sleep(5))
      if (Date.now() > end) throw new Error(`${contestant.name} did not start it`);
    const { birthtimeMs } = statSync(starts);
    await sleep(birthtimeMs + loopMs - Date.now());
    const { mtimeMs } = statSync(starts);
    const count = countLines(starts);
    return { starts: count, lastMs: mtimeMs - birthtimeMs, state: await supervisor.stateOf('crash') };
  } finally {
    await supervisor.stop().finally(() => kill(supervisor.pid, 'SIGKILL'));
    doomed.delete(root);
    rmSync(folder, { recursive: true, force: true });
  }
}

function countLines(file: string): number {
  try {
    return readFileSync(file, 'latin1').split('\n').length - 1;
  } catch {
    return 0;
  }
}
