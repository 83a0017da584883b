import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Seconds. */
export interface Cost {
  readonly wall: number;
  /** Of all processors together. */
  readonly cpu: number;
}

/** Wall and processor time of a shell's command and all that it started. Throws where it fails. */
export function costOf(command: string): Cost {
  const script = `TIMEFORMAT='%R %U %S'; time { ${command} ; }`;
  const said = execFileSync('bash', ['-ec', `exec 3>&2; { ${script} 2>&3 >/dev/null; } 2>&1`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] = said.trim().split(' ').map(Number);
  return { wall, cpu: user + system };
}

/** Processor time of a process and all its children that have ended, seconds. */
export function usedBy(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return ticks / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
}

/** A word for the shell. */
export function word(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Whether a program is on the path. */
export function has(program: string): boolean {
  try {
    execFileSync('bash', ['-c', `command -v ${word(program)}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
