import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { output } from '../foreground.ts';
import { ownNode } from '../own-node.ts';
import type { Contestant } from './contestant.ts';

const VERSION = '7.0.4';
const END_MS = 30_000;

type Processes = readonly {
  readonly name: string;
  readonly pm2_env: { readonly status: string; readonly restart_time: number };
}[];

/** PM2 with its defaults, on the same Node; installed once, into the user's cache. */
export function preparePm2(temp: string): Contestant {
  const program = join(install(), 'node_modules/pm2/bin/pm2');
  const folder = join(temp, 'pm2');
  mkdirSync(folder, { recursive: true });
  const node = ownNode(folder);
  return {
    name: 'pm2',
    title: `PM2 ${VERSION}`,
    async start(place, services) {
      const env = { PM2_HOME: join(place, 'home'), NO_COLOR: '1' };
      const pm2 = (...args: readonly string[]) => ({ argv: [node, program, ...args], env });
      const apps = services.map(({ name, argv: [script, ...args] }) => {
        return { name, script, args, interpreter: 'none' };
      });
      const file = join(place, 'ecosystem.json');
      writeFileSync(file, JSON.stringify({ apps }));
      const said = await output(pm2('start', file));
      const pidFile = join(env.PM2_HOME, 'pm2.pid');
      if (!existsSync(pidFile)) throw new Error(`it did not start: ${said.slice(-500)}`);
      const pid = Number(readFileSync(pidFile, 'utf8'));
      return {
        pid,
        statusCommand: pm2('list'),
        async stateOf(name) {
          const list = await output(pm2('jlist'));
          const processes = JSON.parse(list.slice(list.indexOf('['))) as Processes;
          return `\`${processes.find((each) => each.name === name)?.pm2_env.status ?? 'unknown'}\``;
        },
        async stop() {
          await output(pm2('kill'));
          for (const end = Date.now() + END_MS; existsSync(`/proc/${pid}`); await sleep(50))
            if (Date.now() > end) throw new Error('it did not end');
        },
      };
    },
  };
}

function install(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, `vahti-bench/pm2-${VERSION}`);
  if (existsSync(join(folder, 'node_modules/pm2/bin/pm2'))) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `pm2@${VERSION}`];
  execFileSync('npm', args, { cwd: folder, stdio: 'ignore', timeout: 300_000 });
  return folder;
}
