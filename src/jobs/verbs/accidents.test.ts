import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import * as v from 'valibot';
import { leakCheck, testStateId } from '../../../test/rig/leaks.ts';
import {
  contentsOf,
  memoryFolder,
  put,
  putParts,
  RIG_NOW,
  rigLedger,
  verbContext,
} from '../../../test/rig/lifecycle.ts';
import { NO_RCLONE, type S3, startS3 } from '../../../test/rig/s3.ts';
import { NO_SSHD, type Sshd, startSshd } from '../../../test/rig/sshd.ts';
import { overSsh } from '../../../test/rig/syncing.ts';
import { systemClock } from '../../core/clock.ts';
import type { Ledger } from '../../core/ledger.ts';
import type { VerbOutcome } from '../../core/verb.ts';
import { archiveOptions } from './archive/options.ts';
import { createPacking } from './archive/packing.ts';
import { runArchive } from './archive/run.ts';
import { purgeOptions } from './purge/options.ts';
import { runPurge } from './purge/run.ts';
import { syncOptions } from './sync/options.ts';
import { runSync } from './sync/run.ts';
import { disk } from '../../core/files.ts';

/**
 * The accidents that the cron lines of others have had, each met by all verbs of a chain as it is configured: packed here, copied by a real
 * rsync over a real sshd, and by a real rclone to a store that speaks S3, then deleted when both copies are proved.
 */

const HOUR = 3_600_000;
const DAYS = '2026-11-18/2026-11-18T';
const H8 = `${DAYS}08.ndjson`;
const H9 = `${DAYS}09.ndjson`;
const textOf = (path: string): string => `{"of":"${path}"}\n`.repeat(300);
const CAPS = { delete: { 'max-files': 1_000, 'max-bytes': '1G' } };

const ONE = { 'proved-by': 'offsite' };

type Options = Readonly<Record<string, unknown>>;

interface Chain {
  readonly base: string;
  readonly root: string;
  /** The folder at the other end of ssh. */
  readonly there: string;
  readonly ledger: Ledger;
  archive(options?: Options): Promise<VerbOutcome>;
  offsite(options?: Options): Promise<VerbOutcome>;
  cloud(options?: Options): Promise<VerbOutcome>;
  clean(options?: Options): Promise<VerbOutcome>;
}

function chainOf(t: TestContext, sshd: Sshd, s3: S3): Chain {
  leakCheck(t);
  s3.objects.clear();
  s3.refuseWrites = undefined;
  const base = memoryFolder(t);
  const [root, there] = [join(base, 'data'), join(base, 'far')];
  for (const folder of [root, there]) mkdirSync(folder);
  const ledger = rigLedger(t, base);
  const contextFor = (job: string) => {
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: base,
      VAHTI_LIFE: `${testStateId}/${job}`,
      ...s3.env,
    };
    const given = verbContext(ledger, base, { job, env });
    // Only what is waited for a file to settle is over at once.
    const sleep = async (ms: number, signal?: AbortSignal): Promise<boolean> =>
      ms >= 10_000 ? signal?.aborted !== true : systemClock.sleep(ms, signal);
    return { ...given, clock: { ...given.clock, sleep } };
  };
  const sync = (job: string, to: Options, options: Options = {}): Promise<VerbOutcome> =>
    runSync(v.parse(syncOptions, { root, reverify: 'none', ...to, ...options }), contextFor(job));
  return {
    base,
    root,
    there,
    ledger,
    archive: (options = {}) =>
      runArchive(v.parse(archiveOptions, { root, ...options }), contextFor('archive'), {
        files: disk,
        packing: createPacking(),
      }),
    offsite: (options) => sync('offsite', overSsh(sshd, there), options),
    cloud: (options) => sync('cloud', { to: `rclone:stand:${s3.bucket}/hours` }, options),
    clean: (options = {}) =>
      runPurge(
        v.parse(purgeOptions, { root, older: '1d', 'proved-by': ['offsite', 'cloud'], ...options }),
        contextFor('clean'),
      ),
  };
}

/** What lies in the store, unpacked, by path. */
function stored({ objects }: S3): Record<string, string> {
  return Object.fromEntries(
    [...objects].map(([key, { data }]) => [key.slice('hours/'.length), zstdDecompressSync(data).toString()]),
  );
}

const done = async (...verbs: readonly (() => Promise<VerbOutcome>)[]): Promise<void> => {
  for (const verb of verbs) {
    const outcome = await verb();
    assert.equal(outcome.kind, 'done', outcome.summary);
  }
};
const reasonsOf = ({ refused }: VerbOutcome): string =>
  refused.map(({ path, reason }) => `${path}: ${reason}`).join('\n');

/** Other bytes, under the same size and time. */
function rot(path: string): void {
  const { mtimeMs } = statSync(path);
  const data = readFileSync(path);
  data[data.length >> 1] = (data[data.length >> 1] ?? 0) ^ 1;
  writeFileSync(path, data);
  utimesSync(path, mtimeMs / 1000, mtimeMs / 1000);
}

test('accidents, with a real rsync over a real sshd, and a real rclone', {
  skip: NO_SSHD === false ? NO_RCLONE : NO_SSHD,
}, async (whole) => {
  const [sshd, s3] = await Promise.all([startSshd(whole), startS3(whole)]);
  const two = { [H8]: textOf(H8), [H9]: textOf(H9) };
  const packed = { [`${H8}.zst`]: textOf(H8), [`${H9}.zst`]: textOf(H9) };

  await whole.test(
    'a source that is not mounted: neither copies nor tombstones are touched, whatever may be deleted',
    async (t) => {
      const { base, root, there, ledger, archive, offsite, cloud, clean } = chainOf(t, sshd, s3);
      putParts(root, two);
      await done(archive, offsite, cloud);
      renameSync(root, join(base, 'disk'));
      const verbs = [archive, clean, () => offsite(CAPS), () => cloud(CAPS)];
      for (const verb of verbs)
        assert.match((await verb()).summary, /there is no such folder; is its disk not mounted\?/);
      mkdirSync(root);
      for (const verb of verbs)
        assert.match((await verb()).summary, /none of the 2 files that the ledger knows is there/);
      // rsync --delete would have taken these with it.
      assert.deepEqual(contentsOf(there), packed);
      assert.deepEqual(stored(s3), packed);
      assert.equal(ledger.file(root, H8)?.purged, null);
      rmSync(root, { recursive: true });
      renameSync(join(base, 'disk'), root);
      await done(clean);
      assert.deepEqual(contentsOf(root), {});
      // What was purged on the word of a copy is no deletion to be carried on.
      await done(
        () => offsite(CAPS),
        () => cloud(CAPS),
      );
      assert.deepEqual([contentsOf(there), stored(s3)], [packed, packed]);
    },
  );

  await whole.test('uploads that fail before the deletion', async (t) => {
    const { root, there, archive, offsite, cloud, clean } = chainOf(t, sshd, s3);
    putParts(root, two);
    await done(archive, offsite);
    s3.refuseWrites = { status: 403, code: 'AccessDenied' };
    assert.equal((await cloud()).kind, 'failed');
    const refused = await clean();
    assert.deepEqual([refused.kind, refused.counts['files'] ?? 0], ['partly', 0], refused.summary);
    assert.match(reasonsOf(refused), /T08\.ndjson: .*cloud has not proved a copy/);
    assert.deepEqual(contentsOf(root), packed);
    s3.refuseWrites = undefined;
    await done(cloud, clean, clean);
    assert.deepEqual([contentsOf(root), contentsOf(there), stored(s3)], [{}, packed, packed]);
  });

  await whole.test(
    'other bytes under the same size and time: here, over there, and in the store',
    async (t) => {
      const { root, there, ledger, archive, offsite, cloud, clean } = chainOf(t, sshd, s3);
      putParts(root, two);
      await done(archive, offsite, cloud);
      rot(join(root, `${H8}.zst`));
      rot(join(there, `${H9}.zst`));
      const object = s3.objects.get(`hours/${H9}.zst`);
      assert.ok(object);
      object.data = Buffer.alloc(object.data.length, 7);
      for (const copy of [offsite, cloud]) {
        const outcome = await copy({ reverify: 'all' });
        assert.equal(outcome.counts['disproved'], 1, outcome.summary);
        assert.match(reasonsOf(outcome), /T08/, 'what went bad here does not take the place of a good copy');
      }
      // The good one is sent again.
      assert.deepEqual([contentsOf(there), stored(s3)], [packed, packed]);
      assert.match(
        reasonsOf(await clean()),
        /T08\.ndjson: .*not what was proved elsewhere: it changed since/,
      );
      assert.deepEqual(
        readdirSync(join(root, '2026-11-18')).filter((name) => name.startsWith('2026')),
        ['2026-11-18T08.ndjson.zst'],
      );
      assert.equal(ledger.copies(root, H8).length, 2);
    },
  );

  await whole.test('hours that were missed, and one that is there again after it was deleted', async (t) => {
    const { root, there, archive, offsite, clean } = chainOf(t, sshd, s3);
    const missed = Object.fromEntries(
      Array.from({ length: 30 }, (_, hour) =>
        new Date(RIG_NOW - (100 - hour) * HOUR).toISOString().slice(0, 13),
      ).map((hour) => [`${hour.slice(0, 10)}/${hour}.ndjson`, textOf(hour)]),
    );
    putParts(root, missed);
    await done(archive, offsite, () => clean(ONE));
    assert.deepEqual(contentsOf(root), {});
    const again = Object.keys(missed)[7] ?? '';
    put(root, again, 'late lines\n');
    for (const verb of [archive, offsite]) {
      const outcome = await verb();
      assert.equal(outcome.kind, 'partly', outcome.summary);
      assert.ok(reasonsOf(outcome).includes(again), reasonsOf(outcome));
    }
    assert.equal((await clean(ONE)).counts['files'] ?? 0, 0);
    assert.deepEqual(contentsOf(root), { [again]: 'late lines\n' });
    const whatWas = Object.fromEntries(Object.entries(missed).map(([path, text]) => [`${path}.zst`, text]));
    assert.deepEqual(contentsOf(there), whatWas);
  });

  await whole.test(
    'folders and files that are nobody’s are neither packed nor sent nor deleted',
    async (t) => {
      const { base, root, there, archive, offsite, clean } = chainOf(t, sshd, s3);
      putParts(root, two);
      const strays = ['0tmp/a.ndjson', '.hidden/b', 'zzz/c', '1999-01-01/notes.txt', '2026-11-18/mine.txt'];
      for (const path of strays) put(root, path, 'mine');
      put(base, 'outside/d', 'of somebody else');
      symlinkSync(join(base, 'outside'), join(root, '2026-01-01'));
      await archive();
      await done(offsite);
      await clean(ONE);
      const here = {
        ...Object.fromEntries(strays.map((path) => [path, 'mine'])),
        '2026-01-01/d': 'of somebody else',
      };
      assert.deepEqual(contentsOf(root), here);
      assert.deepEqual(contentsOf(there), packed);
      assert.equal(readFileSync(join(base, 'outside/d'), 'utf8'), 'of somebody else');
    },
  );

  await whole.test(
    'a file that a process goes on writing: nothing of it is lost, nothing half is sent',
    async (t) => {
      const { root, there, archive, offsite, clean } = chainOf(t, sshd, s3);
      const script = `exec 3>>app.log; echo one >&3; echo ready; read x; seq 3000 >&3; echo done; read x`;
      const writer = spawn('sh', ['-c', script], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
      const ended = once(writer, 'close');
      t.after(() => writer.kill('SIGKILL'));
      const age = (): void =>
        utimesSync(join(root, 'app.log'), (RIG_NOW - 48 * HOUR) / 1000, (RIG_NOW - 48 * HOUR) / 1000);
      await once(writer.stdout, 'data');
      put(root, 'over.log', 'all\n');
      const logs = { files: '*.log' };
      const verbs = [() => archive(logs), offsite, () => clean(ONE)];
      for (const say of ['go on\n', 'end\n']) {
        age();
        await done(...verbs);
        assert.deepEqual(contentsOf(there), { 'over.log.zst': 'all\n' });
        assert.equal(existsSync(join(root, 'app.log.zst')), false);
        writer.stdin.write(say);
        await (say === 'end\n' ? ended : once(writer.stdout, 'data'));
      }
      age();
      await done(...verbs);
      const all = `one\n${Array.from({ length: 3_000 }, (_, line) => `${line + 1}\n`).join('')}`;
      assert.deepEqual(contentsOf(there), { 'app.log.zst': all, 'over.log.zst': 'all\n' });
      assert.deepEqual(contentsOf(root), {
        '.vahti-source': readFileSync(join(root, '.vahti-source'), 'utf8'),
      });
    },
  );
});
