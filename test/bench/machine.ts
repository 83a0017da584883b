import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { number } from './number-text.ts';
import { ROOT } from './program.ts';

/** What a reader of the table has to know of where it was made. */
export function machineFacts(folder: string): readonly string[] {
  const model = cpus()[0]?.model ?? 'unknown CPU';
  return [
    `${cpus().length} cores, ${model.trim()}; ${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    `Linux ${release()}; files on ${fileSystemOf(folder)}; Node ${process.versions.node}`,
    `Vahti at commit ${commit()}`,
  ];
}

function loadNow(): string {
  return loadavg()
    .map((load) => load.toFixed(2))
    .join(' ');
}

function fileSystemOf(folder: string): string {
  return line('stat', ['-f', '-c', '%T', folder]);
}

function commit(): string {
  const dirty =
    line('git', ['-C', ROOT, 'status', '--porcelain', '--', 'src']) === '' ? '' : ' (with changes in src)';
  return `${line('git', ['-C', ROOT, 'rev-parse', '--short', 'HEAD'])}${dirty}`;
}

function line(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}

/** Jiffies that all cores spent on work, of anybody, since boot, in ms; and how many the host took away. */
function coresBusyMs(): { readonly busy: number; readonly stolen: number } {
  const fields = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return { busy: (user + nice + system + irq + softirq) * 10, stolen: steal * 10 };
}

/** The load from now on, in words. */
export function watchLoad(): () => string {
  const [before, began, loadBefore] = [coresBusyMs(), performance.now(), loadNow()];
  return () => {
    const { busy, stolen } = coresBusyMs();
    const all = (performance.now() - began) * cpus().length;
    const share = (part: number): string => number((part / all) * 100);
    return `Load average ${loadBefore} before and ${loadNow()} after; in between the cores were busy to ${share(busy - before.busy)} % (the bench itself included), ${share(stolen - before.stolen)} % were taken by the host`;
  };
}
