import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Crash, crashingFiles } from '../../../../test/rig/crashing-files.ts';
import { onEnd } from '../../../../test/rig/leaks.ts';
import {
  contentsOf,
  crashingLedger,
  put,
  putParts,
  sha256,
  verbContext,
} from '../../../../test/rig/lifecycle.ts';
import { NO_RSYNC, NO_SSHD, sessions, startSshd } from '../../../../test/rig/sshd.ts';
import { syncRig } from '../../../../test/rig/syncing.ts';
import { until } from '../../../../test/rig/wait.ts';
import type { Far } from '../../far/far.ts';
import { syncOptions } from './options.ts';
import { runSync } from './run.ts';
import * as v from 'valibot';

const TEXT = '{"seq":1}\n'.repeat(1000);
const skip = NO_RSYNC;

/** A far side that a test reaches into. */
const around = (more: (far: Far) => Partial<Far>) => ({ far: (far: Far): Far => ({ ...far, ...more(far) }) });

test('a transfer that is cut short shows no half file and proves nothing; the next one goes on', {
  skip: NO_SSHD,
}, async (t) => {
  const sshd = await startSshd(t);
  const { root, there, ledger, run } = syncRig(t, sshd);
  const big = randomBytes(3_000_000);
  put(root, 'a/small', 'small');
  put(root, 'b/big', big);
  /** Bytes of it that are there, under whatever name. */
  const come = (): number => {
    const names = ['b', 'b/.vahti-partial'].flatMap((folder) =>
      existsSync(join(there, folder))
        ? readdirSync(join(there, folder)).map((name) => join(there, folder, name))
        : [],
    );
    return Math.max(
      0,
      ...names
        .map((name) => statSync(name, { throwIfNoEntry: false }))
        .map((each) => (each?.isFile() ? each.size : 0)),
    );
  };
  // Told to end.
  const stop = new AbortController();
  const first = run({ bandwidth: '500K' }, { signal: stop.signal });
  await until(() => come() > 100_000, { what: 'a part of the file to come' });
  assert.equal(existsSync(join(there, 'b/big')), false);
  stop.abort();
  const told = await first;
  assert.equal(told.kind, 'partly', told.summary);
  await until(() => sessions(sshd.pid).length === 0, { what: 'the far rsync to end' });
  assert.equal(existsSync(join(there, 'b/big')), false);
  assert.equal(ledger.copies(root, 'b/big').length, 0);
  const before = come();
  assert.ok(before > 0, 'what has come is thrown away');
  // Its far half killed.
  const second = run({ bandwidth: '500K' });
  await until(() => come() > before + 100_000, { what: 'more of the file to come' });
  for (const pid of sessions(sshd.pid)) if (commandOf(pid).includes('--server')) process.kill(pid, 'SIGKILL');
  const cut = await second;
  assert.equal(cut.kind, 'failed');
  assert.match(cut.summary, /(broke off|lost .*); the next run goes on from here$/);
  assert.equal(existsSync(join(there, 'b/big')), false);
  assert.equal(ledger.copies(root, 'a/small').length, 1, 'what came whole is proved all the same');
  const last = await run();
  assert.equal(last.kind, 'done', last.summary);
  assert.equal(last.counts['files'], 1);
  assert.equal(ledger.copies(root, 'b/big')[0]?.sha256, sha256(readFileSync(join(there, 'b/big'))));
  assert.ok(big.equals(readFileSync(join(there, 'b/big'))));
});

function commandOf(pid: number): string {
  return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
}

const NO_MOUNT =
  skip !== false || spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
    ? skip
    : 'file systems cannot be mounted here (needs root)';

test('a far disk that is full is said; what has come is proved, the rest is sent when there is room', {
  skip: NO_MOUNT,
}, async (t) => {
  const { root, there, ledger, run } = syncRig(t);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', there]);
  assert.equal(mounted.status, 0);
  onEnd(t, () => spawnSync('umount', ['-l', there]));
  put(root, 'a', randomBytes(100_000));
  put(root, 'b', randomBytes(400_000));
  const full = await run();
  assert.equal(full.kind, 'failed');
  assert.match(full.summary, /the disk is full where it writes: .*No space left on device/);
  assert.deepEqual([ledger.copies(root, 'a').length, ledger.copies(root, 'b').length], [1, 0]);
  assert.equal(existsSync(join(there, 'b')), false);
  spawnSync('mount', ['-o', 'remount,size=2m', there]);
  assert.equal((await run()).kind, 'done');
  assert.equal(ledger.copies(root, 'b').length, 1);
});

test('a file that grows while it is sent is not proved; the next run sends it whole', { skip }, async (t) => {
  const { root, there, ledger, run } = syncRig(t);
  put(root, 'grows', TEXT);
  const grown = await run(
    {},
    {
      means: around((far) => ({
        async send(from, load) {
          appendFileSync(join(root, 'grows'), 'more\n');
          return far.send(from, load);
        },
      })),
    },
  );
  assert.deepEqual(grown.refused, [
    { path: 'grows', reason: 'it changed while it was sent; the next run sends it again' },
  ]);
  assert.deepEqual(ledger.copies(root, 'grows'), []);
  put(root, 'grows', `${TEXT}more\n`);
  assert.equal((await run()).kind, 'done');
  assert.equal(ledger.copies(root, 'grows')[0]?.sha256, sha256(readFileSync(join(there, 'grows'))));
});

test('what is young, still changes, or is open for writing waits', { skip }, async (t) => {
  const { root, there, run } = syncRig(t);
  put(root, 'young', TEXT, Date.UTC(2026, 10, 20, 12) - 2_000);
  put(root, 'changes', TEXT);
  put(root, 'old', TEXT);
  const clock = {
    ...verbContext({} as never, '').clock,
    sleep: async () => (appendFileSync(join(root, 'changes'), 'x'), true),
  };
  const outcome = await run({}, { clock });
  assert.equal(outcome.counts['waiting'], 2, outcome.summary);
  assert.deepEqual(Object.keys(contentsOf(there)), ['old']);
});

test('bytes that go bad on the way are found by reading back', { skip }, async (t) => {
  const { root, there, ledger, run } = syncRig(t);
  put(root, 'a', 'right');
  const outcome = await run(
    {},
    {
      means: around((far) => ({
        async send(from, load) {
          const carried = await far.send(from, load);
          writeFileSync(join(there, 'a'), 'wrong');
          return carried;
        },
      })),
    },
  );
  assert.match(outcome.refused[0]?.reason ?? '', /does not read back as it was sent/);
  assert.deepEqual(ledger.copies(root, 'a'), []);
});

test('bytes that go bad here under the same size and time never take the place of the good copy', {
  skip,
}, async (t) => {
  const { root, there, ledger, run } = syncRig(t);
  put(root, 'a', 'right');
  put(root, 'b', 'other');
  await run();
  writeFileSync(join(root, 'a'), 'wrong');
  utimesSync(join(root, 'a'), statSync(join(root, 'b')).atime, statSync(join(root, 'b')).mtime);
  const outcome = await run({ reverify: 'all' });
  assert.match(outcome.refused[0]?.reason ?? '', /bytes changed here, but neither its size nor its time/);
  assert.equal(readFileSync(join(there, 'a'), 'utf8'), 'right');
  // Another job that has no copy yet does not spread them either.
  const second = await run({}, { job: 'tape' });
  assert.match(second.refused[0]?.reason ?? '', /neither its size nor its time: is the disk faulty/);
  assert.equal(ledger.copies(root, 'a').length, 1);
});

test('a link there that leads back to the file itself is no copy', { skip }, async (t) => {
  const { root, there, run } = syncRig(t);
  put(root, 'a', TEXT);
  put(root, 'sub/b', TEXT);
  symlinkSync(join(root, 'a'), join(there, 'a'));
  symlinkSync(join(root, 'sub'), join(there, 'sub'));
  const outcome = await run();
  assert.equal(outcome.counts['found'], undefined, outcome.summary);
  assert.equal(statSync(join(there, 'a')).ino === statSync(join(root, 'a')).ino, false);
  assert.equal(readFileSync(join(root, 'sub/b'), 'utf8'), TEXT);
});

test('folders that lie in each other are refused, and a far folder is never made', { skip }, async (t) => {
  const { root, base, run } = syncRig(t);
  put(root, 'in/a', TEXT);
  for (const to of [root, join(root, 'in'), base])
    assert.match((await run({ to })).summary, /lie in each other$/);
  assert.match((await run({ to: join(base, 'none') })).summary, /make it once/);
});

test('killed between any two steps and run again, it reaches the same end; the ledger never says more than is so', {
  skip,
}, async (t) => {
  const parts = { '2026-11-18/2026-11-18T08.ndjson': TEXT, '2026-11-18/2026-11-18T09.ndjson': 'x\n' };
  for (const direction of ['to', 'from'] as const) {
    for (let at = 0; ; at += 1) {
      let isOver = false;
      // Before the next one is the same.
      for (const moment of ['after'] as const) {
        const { root, there, base, ledger, run } = syncRig(t, undefined, {
          root: `r${direction}${at}${moment}`,
          there: `f${direction}${at}${moment}`,
        });
        if (direction === 'to') putParts(root, parts);
        else for (const [path, data] of Object.entries(parts)) put(there, path, data);
        const options = { [direction]: there, root, reverify: 'none' };
        const dying = crashingFiles(at, moment);
        const call = async <T>(name: string, step: () => Promise<T>): Promise<T> => {
          dying.call(`${name} begins`, () => undefined);
          const value = await step();
          dying.call(`${name} ends`, () => undefined);
          return value;
        };
        const means = {
          files: dying.files,
          ...around((far) => ({
            send: (from, load) => call('send', () => far.send(from, load)),
            fetch: (into, load) => call('fetch', () => far.fetch(into, load)),
            checksums: (load, durably) => call('checksums', () => far.checksums(load, durably)),
          })),
        };
        const mortal = {
          ...crashingLedger(ledger, dying.call),
          proved: (...words: Parameters<typeof ledger.proved>) =>
            dying.call('proved', () => ledger.proved(...words)),
        };
        const env = { PATH: process.env['PATH'] ?? '' };
        const died = await runSync(
          v.parse(syncOptions, options),
          verbContext(mortal, base, { job: 'offsite', env }),
          means,
        ).then(
          () => false,
          (thrown: unknown) => {
            if (thrown instanceof Crash) return true;
            throw thrown;
          },
        );
        const other = direction === 'to' ? there : root;
        for (const [path, data] of Object.entries(contentsOf(other)))
          assert.equal(data, parts[path as keyof typeof parts], `${at} ${moment} ${path}`);
        for (const path of Object.keys(parts)) {
          for (const copy of ledger.copies(root, path))
            assert.equal(sha256(readFileSync(join(there, path))), copy.sha256);
        }
        const end = await run(options);
        assert.equal(end.kind, 'done', `${direction} ${at} ${moment}: ${end.summary}`);
        assert.deepEqual(contentsOf(other), parts, `${direction} ${at} ${moment}`);
        for (const [path, data] of Object.entries(parts))
          assert.equal(ledger.copies(root, path)[0]?.sha256, sha256(data));
        isOver = !died;
        rmSync(root, { recursive: true });
        mkdirSync(root);
      }
      if (isOver) break;
    }
  }
});
