import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { lockFolder } from '../../src/core/folder-lock.ts';
import { ROOT } from './vahti.ts';
import { until } from './wait.ts';

const INDEX = join(ROOT, 'dist/web/index.html');
/** Beside what other tools keep there; never packed. */
const LOCKED = join(ROOT, 'node_modules/.cache/vahti-page');
const SOURCES = ['web/**/*.{ts,js,svelte,css,html,svg}', 'src/client/*.ts', 'src/wire/hub/*.ts'];
const BUILD_MS = 90_000;

/** Builds the page that hubs serve, where it is missing or older than its sources. One process builds, others wait for it. */
export async function builtPage(): Promise<void> {
  if (isFresh()) return;
  mkdirSync(LOCKED, { recursive: true });
  const lock = await until(
    () => {
      const locked = lockFolder(LOCKED, { what: 'a test', clock: systemClock });
      return locked.ok ? locked.value : undefined;
    },
    { deadlineMs: BUILD_MS, what: 'another test to have built the page' },
  );
  try {
    if (isFresh()) return;
    const args = [join(ROOT, 'scripts/build-page.ts')];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: BUILD_MS });
    if (status !== 0) throw new Error(`cannot build the page: ${stderr}`);
  } finally {
    lock.release();
  }
}

function isFresh(): boolean {
  if (!existsSync(INDEX)) return false;
  const newest = Math.max(
    ...globSync(SOURCES, { cwd: ROOT }).map((path) => statSync(join(ROOT, path)).mtimeMs),
  );
  return statSync(INDEX).mtimeMs >= newest;
}
