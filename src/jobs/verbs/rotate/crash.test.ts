import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { Crash, crashingFiles, type CrashMoment, momentsOf } from '../../../../test/rig/crashing-files.ts';
import {
  crashingLedger,
  memoryFolder,
  rigLedger,
  sha256,
  verbContext,
} from '../../../../test/rig/lifecycle.ts';
import { numberedLines, wholeLog } from '../../../../test/rig/rotating.ts';
import { disk, type Files } from '../../../core/files.ts';
import type { Ledger } from '../../../core/ledger.ts';
import { fileKey } from '../../files/holders.ts';
import { rotatedPath } from './names.ts';
import { rotateOptions } from './options.ts';
import { runRotate } from './run.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
/** Rotated long ago, and over the limit. */
const OLD = rotatedPath('app.log', NOW - 86_400_000);

/** A log whose writer adds a line before everything that anybody does to the disk. */
function createLog(root: string) {
  let count = 0;
  const write = (): void => {
    appendFileSync(join(root, 'app.log'), `line ${count}\n`);
    count += 1;
  };
  const busy =
    <A extends unknown[], T>(operation: (...args: A) => Promise<T>) =>
    (...args: A): Promise<T> => {
      write();
      return operation(...args);
    };
  const files: Files = {
    ...disk,
    open: busy(disk.open),
    write: busy(disk.write),
    datasync: busy(disk.datasync),
    rename: busy(disk.rename),
    unlink: busy(disk.unlink),
    syncFolder: busy(disk.syncFolder),
  };
  return { files, write, lines: () => numberedLines(count) };
}

type Log = ReturnType<typeof createLog>;

function setUp(root: string, ledger: Ledger): Log {
  mkdirSync(root, { recursive: true });
  const log = createLog(root);
  for (let n = 0; n < 20; n += 1) log.write();
  appendFileSync(join(root, OLD), 'old\n');
  ledger.take({ root, path: OLD, sha256: sha256('old\n'), bytes: 4, mtimeMs: 0 });
  return log;
}

async function life(root: string, log: Log, method: string, ledger: Ledger, at: number, moment: CrashMoment) {
  const crashing = crashingFiles(at, moment, log.files);
  const given = verbContext(crashingLedger(ledger, crashing.call), root, { now: NOW });
  const options = v.parse(rotateOptions, { root, files: '*.log', method, keep: { age: '1h' } });
  const punch = async (fd: number, from: number, to: number): Promise<undefined> => {
    crashing.call('punch', () => writeSync(fd, Buffer.alloc(to - from), 0, to - from, from));
    return undefined;
  };
  const holders: Parameters<typeof runRotate>[2] = {
    files: crashing.files,
    writers: { has: () => false },
    holders: (files) => new Map(files.map((file) => [fileKey(file), []])),
    punch,
  };
  const outcome = await runRotate(options, given, holders).catch((thrown: unknown) => {
    if (thrown instanceof Crash) return undefined;
    throw thrown;
  });
  return { outcome, done: crashing.done };
}

for (const method of ['rename', 'punch-hole']) {
  test(`killed at every operation and run again, while the log is written to: ${method}`, async (t) => {
    const base = memoryFolder(t);
    const ledger = rigLedger(t, base);
    const whole = join(base, 'whole');
    const first = setUp(whole, ledger);
    const { done } = await life(whole, first, method, ledger, Number.POSITIVE_INFINITY, 'before');
    assert.equal(wholeLog(whole, 'app.log'), first.lines());
    for (const name of ['purged', 'archived', ...(method === 'rename' ? [] : ['punch'])])
      assert.ok(done.includes(name), done.join());
    for (let at = 0; at < done.length; at += 1) {
      for (const moment of momentsOf(done, at)) {
        const root = join(base, `${at}-${moment}`);
        const log = setUp(root, ledger);
        const said = `killed ${moment} operation ${at} (${done[at]})`;
        const dead = await life(root, log, method, ledger, at, moment);
        assert.equal(dead.outcome, undefined, said);
        proveNothingLost(root, log, said);
        await life(root, log, method, ledger, (at * 7) % 17, moment);
        proveNothingLost(root, log, `${said}, and again`);
        const { outcome } = await life(root, log, method, ledger, Number.POSITIVE_INFINITY, 'before');
        assert.equal(outcome?.kind, 'done', `${said}: ${outcome?.summary}`);
        assert.equal(wholeLog(root, 'app.log'), log.lines(), said);
        const names = readdirSync(root).filter((name) => /\.tmp$|Z$/.test(name));
        assert.deepEqual(names, [], `${said}: left over`);
        assert.notEqual(ledger.file(root, OLD)?.purged, null, said);
        rmSync(root, { recursive: true });
      }
    }
  });
}

function proveNothingLost(root: string, log: Log, said: string): void {
  // What a killed run copied and has not given back yet is there twice; the next run settles that.
  const here = new Set(wholeLog(root, 'app.log').split('\n'));
  for (const line of log.lines().split('\n')) assert.ok(here.has(line), `${said}: ${line} is lost`);
}
