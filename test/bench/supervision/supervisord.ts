import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endForeground, output, startForeground } from '../foreground.ts';
import type { Contestant, ServiceToRun } from './contestant.ts';

/** supervisord of the distribution (Debian: `apt-get install supervisor`), with its defaults. */
export function prepareSupervisord(): Contestant {
  const version = execFileSync('supervisord', ['--version'], { encoding: 'utf8' }).trim();
  return {
    name: 'supervisord',
    title: `supervisord ${version}`,
    async start(place, services) {
      const file = join(place, 'supervisord.conf');
      writeFileSync(file, configOf(place, services));
      const child = startForeground({ argv: ['supervisord', '-n', '-c', file] }, place);
      return {
        pid: child.pid ?? 0,
        statusCommand: { argv: ['supervisorctl', '-c', file, 'status'] },
        async stateOf(name) {
          const said = await output({ argv: ['supervisorctl', '-c', file, 'status', name] });
          return `\`${said.split(/\s+/)[1] ?? 'unknown'}\``;
        },
        stop: () => endForeground(child, place),
      };
    },
  };
}

function configOf(folder: string, services: readonly ServiceToRun[]): string {
  const programs = services.map(({ name, argv }) => `[program:${name}]\ncommand=${argv.join(' ')}\n`);
  return `[supervisord]
logfile=${folder}/supervisord.log
pidfile=${folder}/supervisord.pid
childlogdir=${folder}
[unix_http_server]
file=${folder}/control.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${folder}/control.sock
${programs.join('')}`;
}
