import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { endForeground, startForeground } from '../foreground.ts';
import { ownNode } from '../own-node.ts';
import { buildProgram } from '../program.ts';
import type { Check } from './checks.ts';
import type { Contestant, Task } from './contestant.ts';
import { until } from './until.ts';

const WATCHES_OF_A_SERVICE = 10;

/** Vahti as it is published, compiled: services that only sleep, with ten watches each. */
export function prepareVahti(temp: string): Contestant {
  const folder = join(temp, 'vahti');
  const program = buildProgram(folder);
  const node = ownNode(folder);
  return {
    name: 'vahti',
    title: 'Vahti, as installed',
    async start(task) {
      const place = task.folder;
      const file = join(place, 'vahti.yaml');
      // JSON is YAML.
      writeFileSync(file, JSON.stringify({ services: servicesOf(task) }));
      const child = startForeground({ argv: [node, program, 'up', '-c', file] }, place);
      const state = join(place, '.vahti');
      const flips = await until('its state folder', () => followFlips(state, task.failed));
      return {
        pid: child.pid ?? 0,
        async stop() {
          flips.close();
          await endForeground(child, place);
        },
      };
    },
  };
}

function servicesOf(task: Task): Readonly<Record<string, unknown>> {
  const services: Record<string, { run: string[]; watch: Record<string, unknown> }> = {};
  for (const [index, check] of task.checks.entries()) {
    const name = `s${String(Math.floor(index / WATCHES_OF_A_SERVICE)).padStart(3, '0')}`;
    services[name] ??= { run: ['sleep', '1000000'], watch: {} };
    services[name].watch[check.name] = watchOf(check, task);
  }
  return services;
}

function watchOf(check: Check, { targets, everyMs, timeoutMs }: Task): Readonly<Record<string, unknown>> {
  const common = { every: `${everyMs}ms`, timeout: `${timeoutMs}ms`, fail: 1, grace: '0s' };
  switch (check.sort) {
    case 'http':
      return { http: `http://127.0.0.1:${targets.httpPort}/${check.name}`, ...common };
    case 'tcp':
      return { tcp: `127.0.0.1:${targets.portOf(check)}`, ...common };
    case 'command':
      return { command: targets.argvOf(check), ...common };
  }
}

const POLL_MS = 5;

/** Tells of each flip once it can be read from the store. Undefined where there is none yet. */
function followFlips(state: string, failed: Task['failed']): { close(): void } | undefined {
  const db = openStore(join(state, 'records.db'));
  if (db === undefined) return undefined;
  const newer = db.prepare(
    `SELECT seq, fields FROM records WHERE kind = 'flip' AND kind <> 'log' AND seq > ? ORDER BY seq`,
  );
  let last = 0;
  const look = (): void => {
    for (const row of newer.all(last)) {
      last = Number(row['seq']);
      const { watch, to } = JSON.parse(String(row['fields'])) as { watch?: string; to?: string };
      if (watch !== undefined && (to === 'bad' || to === 'late')) failed(watch);
    }
  };
  // No event of the file system tells of a commit: the last write is to a page that is mapped.
  const timer = setInterval(look, POLL_MS);
  return {
    close() {
      clearInterval(timer);
      db.close();
    },
  };
}

function openStore(file: string): DatabaseSync | undefined {
  try {
    const db = new DatabaseSync(file, { readOnly: true, timeout: 1000 });
    db.prepare('SELECT seq FROM records LIMIT 1').all();
    return db;
  } catch {
    return undefined;
  }
}
