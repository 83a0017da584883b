import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { importMonit } from '../../src/app/importers/monit/import-monit.ts';
import { tempFolder } from './leaks.ts';

const GIB = 1024 ** 3;

/** The machine that control files of tests are of. */
export const MACHINE = {
  zone: 'UTC',
  memory: 8 * GIB,
  mounts: '/dev/sda1 / ext4 rw 0 0\nnas:/vol /srv/my\\040vol nfs rw 0 0\n',
};

export const UNIT =
  'check process web with pidfile /run/web.pid\n  start program = "/usr/bin/systemctl start web"';

/** Imports a control file of Monit; `said` are its mistakes, with their lines. */
export function importMonitText(t: TestContext, text: string) {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'monitrc'), text);
  const drafted = importMonit({ file: join(folder, 'monitrc'), folder, ...MACHINE });
  const said = drafted.diagnostics.map(({ line, message }) => `${line} ${message.replaceAll(folder, '')}`);
  return { folder, drafted, services: drafted.draft?.services ?? [], said };
}

/** The watches that lines within a check become. */
export function watchesOf(
  t: TestContext,
  head: string,
  ...lines: readonly string[]
): Readonly<Record<string, unknown>> {
  const { services, said } = importMonitText(t, `set daemon 10\n${head}\n${lines.join('\n')}\n`);
  assert.deepEqual(said, []);
  return services[0]?.keys.watch ?? {};
}
