import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endForeground, startForeground } from '../foreground.ts';
import type { Check } from './checks.ts';
import type { Contestant, Task } from './contestant.ts';

/** Monit of the distribution (Debian: `apt-get install monit`), with one poll cycle as long as the watches' `every`. */
export function prepareMonit(): Contestant {
  const said = execFileSync('monit', ['-V'], { encoding: 'utf8' });
  return {
    name: 'monit',
    title: `Monit ${/version (\S+)/.exec(said)?.[1] ?? ''}`,
    start(task) {
      const place = task.folder;
      const [file, log] = [join(place, 'monitrc'), join(place, 'monit.log')];
      writeFileSync(file, configOf(task), { mode: 0o600 });
      writeFileSync(log, '');
      const follower = followLog(log, task.failed);
      const child = startForeground({ argv: ['monit', '-I', '-c', file] }, place);
      return Promise.resolve({
        pid: child.pid ?? 0,
        async stop() {
          follower.close();
          await endForeground(child, place);
        },
      });
    },
  };
}

function configOf(task: Task): string {
  const { folder, checks, everyMs } = task;
  return `set daemon ${everyMs / 1000}
set log ${folder}/monit.log
set pidfile ${folder}/monit.pid
set idfile ${folder}/monit.id
set statefile ${folder}/monit.state
${checks.map((check) => checkOf(check, task)).join('')}`;
}

function checkOf(check: Check, { targets, timeoutMs }: Task): string {
  const within = `with timeout ${timeoutMs / 1000} seconds`;
  switch (check.sort) {
    case 'http':
      return `check host ${check.name} with address 127.0.0.1
  if failed port ${targets.httpPort} protocol http request "/${check.name}" ${within} then alert
`;
    case 'tcp':
      return `check host ${check.name} with address 127.0.0.1
  if failed port ${targets.portOf(check)} ${within} then alert
`;
    case 'command':
      return `check program ${check.name} with path "${targets.argvOf(check).join(' ')}" ${within}
  if status != 0 then alert
`;
  }
}

/** `[time] error    : 'NAME' failed protocol test …`, or `status failed (1)`, or `program timed out`. */
const FAILED = /\] error +: '([^']+)' /;

function followLog(file: string, failed: Task['failed']): { close(): void } {
  const fd = openSync(file, 'r');
  const buffer = Buffer.alloc(65_536);
  let rest = '';
  const read = (): void => {
    for (let bytes = readSync(fd, buffer); bytes > 0; bytes = readSync(fd, buffer)) {
      const lines = (rest + buffer.toString('utf8', 0, bytes)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const name = FAILED.exec(line)?.[1];
        if (name !== undefined) failed(name);
      }
    }
  };
  const watcher = watch(file, read);
  return {
    close() {
      watcher.close();
      closeSync(fd);
    },
  };
}
