import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { RunRow } from '../../src/jobs/history.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { contentsOf, putParts } from '../rig/lifecycle.ts';
import { NO_SSHD, type Sshd, startSshd } from '../rig/sshd.ts';
import { overSsh } from '../rig/syncing.ts';
import { FROM_SOURCE, startDaemon, type TestDaemon } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

/** The real verbs through a real daemon: archived, copied over a real ssh and read back there, then deleted here. */

const HOOK = join(import.meta.dirname, '../rig/crash-hook.ts');
const HOUR = 3_600_000;
const PARTS = Object.fromEntries(
  ['06', '07', '08'].map((hour) => [
    `2026-11-18/2026-11-18T${hour}.ndjson`,
    `{"hour":"${hour}"}\n`.repeat(2000),
  ]),
);

/** The daemon is killed from within the run of a verb: before so many of its operations on the disk, once. */
const deadly = (folder: string, name: string, operation: number): object => ({
  NODE_OPTIONS: `--import ${HOOK}`,
  RIG_CRASH: `${operation}:before:daemon`,
  RIG_CRASH_MARK: join(folder, `${name}.killed`),
});

function yamlOf(folder: string, far: string, sshd: Sshd): string {
  const away = overSsh(sshd, far);
  const retry = '20 every 300ms';
  return JSON.stringify({
    jobs: {
      archive: { archive: 'data', env: deadly(folder, 'archive', 3) },
      offsite: { after: 'archive', sync: 'data', ...away, retry },
      clean: {
        after: 'offsite',
        purge: 'data',
        older: '1h',
        'proved-by': 'offsite',
        env: deadly(folder, 'clean', 1),
      },
    },
  });
}

async function runs(daemon: TestDaemon, name: string): Promise<readonly RunRow[]> {
  const answer = await daemon.client.call('job-history', { names: [name], limit: 100 });
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value.toReversed();
}

const died = (daemon: TestDaemon): Promise<unknown> =>
  within(daemon.process.ended, { what: 'the daemon to be killed', deadlineMs: 20_000 });

const has = (daemon: TestDaemon, name: string, outcome: string): Promise<unknown> =>
  until(async () => (await runs(daemon, name)).some((row) => row.outcome === outcome), {
    what: `${name} to be ${outcome}`,
    deadlineMs: 30_000,
  });

test('archive, sync and purge: one fails and is tried again, the daemon is killed in each of them, and all come to the same end', {
  skip: NO_SSHD,
}, async (t: TestContext) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const sshd = await startSshd(t);
  const [data, far] = [join(folder, 'data'), join(folder, 'far')];
  putParts(data, PARTS, Date.now() - 48 * HOUR);
  const yaml = yamlOf(folder, far, sshd);

  let daemon = await startDaemon(t, yaml, folder, FROM_SOURCE);
  await daemon.client.call('job-run', { name: 'archive', who: 'ada', set: {}, dryRun: false });
  await died(daemon);
  assert.ok(existsSync(join(folder, 'archive.killed')), 'in the middle of the archive');

  daemon = await startDaemon(t, yaml, folder, FROM_SOURCE);
  // The run of a person is not made up for; what was begun is done by the next one.
  await daemon.client.call('job-run', { name: 'archive', who: 'ada', set: {}, dryRun: false });
  await has(daemon, 'offsite', 'failed');
  assert.match((await runs(daemon, 'offsite'))[0]?.summary ?? '', /far/);
  const before = sshd.logins();
  mkdirSync(far);
  await until(() => sshd.logins() > before + 1 && existsSync(far) && readdirSync(far).length > 0, {
    what: 'something to be sent',
  });
  daemon.process.kill('SIGKILL');
  await died(daemon);

  daemon = await startDaemon(t, yaml, folder, FROM_SOURCE);
  await died(daemon);
  assert.ok(existsSync(join(folder, 'clean.killed')), 'in the middle of the purge');

  daemon = await startDaemon(t, yaml, folder, FROM_SOURCE);
  await has(daemon, 'clean', 'ok');
  const outcomes = async (name: string): Promise<(string | null)[]> => [
    ...new Set((await runs(daemon, name)).map(({ outcome }) => outcome)),
  ];
  assert.deepEqual(await outcomes('archive'), ['interrupted', 'ok']);
  assert.deepEqual(await outcomes('offsite'), ['failed', 'interrupted', 'ok']);
  assert.deepEqual(await outcomes('clean'), ['interrupted', 'ok']);
  const end = (): object => ({ here: contentsOf(data), there: copies(far) });
  const once = end();
  const archived = Object.fromEntries(Object.entries(PARTS).map(([path, text]) => [`${path}.zst`, text]));
  assert.deepEqual(once, { here: {}, there: archived });

  // Again: there is nothing to do, and nothing is done.
  const count = (await runs(daemon, 'clean')).length;
  await daemon.client.call('job-run', { name: 'archive', who: 'ada', set: {}, dryRun: false });
  await until(
    async () => {
      const all = await runs(daemon, 'clean');
      return all.length > count && all.at(-1)?.outcome === 'ok';
    },
    { what: 'all of it once more', deadlineMs: 20_000 },
  );
  assert.deepEqual(end(), once);
  await daemon.stop();
});

/** What lies there, without what sync keeps for itself. */
function copies(far: string): Record<string, string> {
  return Object.fromEntries(Object.entries(contentsOf(far)).filter(([path]) => !path.startsWith('.vahti')));
}
