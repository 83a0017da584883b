import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  CRASH_MOMENTS,
  Crash,
  type CrashingFiles,
  type CrashMoment,
  crashingFiles,
} from '../../test/rig/crashing-files.ts';
import { linesBelow, pendingEvent, testEvent } from '../../test/rig/stream.ts';
import { systemClock } from '../core/clock.ts';
import { disk } from '../core/files.ts';
import type { StreamEvent } from '../core/source.ts';
import { readCommitted } from './committed.ts';
import { type Committer, createCommitter } from './committer.ts';
import { layoutOf } from './layout.ts';
import type { Pending } from './pending.ts';
import { recover } from './recover.ts';

// In memory where that is to be had: an fsync there is free, and a crash is of the process, not of the machine.
const BASE = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vahti-crash-'));
after(() => rmSync(BASE, { recursive: true, force: true }));

const START = Date.UTC(2026, 6, 4, 14, 58);

/** Three hours in few events: parts open, close, get late events, and one sender lies about the time. */
function scenario(): StreamEvent[] {
  const events: StreamEvent[] = [];
  for (let i = 0; i < 90; i += 1) {
    const late = i % 13 === 7 ? 200_000 : 0;
    const lie = i === 31 ? -30 * 86_400_000 : 0;
    events.push(testEvent(1_000 + i * 3, START + i * 90_000 - late + lie, i % 9 === 4 ? 0 : 1 + (i % 3)));
  }
  return events;
}

const EVENTS = scenario();
const EXPECTED = EVENTS.flatMap((event) => event.lines.map((_, op) => `${event.seq}/${op}`));

async function openCommitter(crashing: Pick<CrashingFiles, 'files'>, root: string): Promise<Committer> {
  const layout = layoutOf(root);
  const recovered = await recover(crashing.files, layout, 'boot');
  return createCommitter({
    files: crashing.files,
    layout,
    cut: 'hour',
    clock: systemClock,
    boot: 'boot',
    recovered,
  });
}

/** One life of a collector over the whole stream: asks again from before its cursor, drops what it has, commits in batches. */
async function live(crashing: Pick<CrashingFiles, 'files'>, root: string, batchSize: number): Promise<void> {
  const committer = await openCommitter(crashing, root);
  try {
    const cursor = committer.checkpoint().cursor ?? 0;
    const rest = EVENTS.filter((event) => event.seq > cursor);
    for (let at = 0; at < rest.length; at += batchSize) {
      const batch = rest.slice(at, at + batchSize).map((event): Pending => pendingEvent(event, START + 9e7));
      if (at % 2 === 0) batch.push({ raw: Buffer.from(`bad frame ${at}`), received: START + 9e7 });
      await committer.commit(batch, 0);
      await committer.closeDue(false);
    }
  } finally {
    await committer.release();
  }
}

async function proveWhole(root: string, context: string): Promise<void> {
  const found = linesBelow(root);
  const keys = found.map((line) => `${line.seq}/${line.op}`);
  assert.deepEqual([...keys].sort(), [...EXPECTED].sort(), `${context}: lost, doubled or half lines`);
  const committed = await readCommitted(layoutOf(root));
  assert.equal(committed?.checkpoint.k, EXPECTED.length, context);
  assert.equal(
    committed?.parts.reduce((sum, part) => sum + part.lines, 0),
    EXPECTED.length,
    `${context}: checkpoint and manifest do not account for every line`,
  );
  for (const file of new Set(found.map((line) => line.part))) {
    const seqs = found.filter((line) => line.part === file).map((line) => line.seq);
    assert.deepEqual(
      seqs,
      [...seqs].sort((a, b) => a - b),
      `${context}: ${file} is out of order`,
    );
  }
}

async function countOperations(): Promise<number> {
  const root = mkdtempSync(join(BASE, 'count-'));
  const crashing = crashingFiles(Number.POSITIVE_INFINITY, 'before');
  await live(crashing, root, 6);
  await proveWhole(root, 'no crash');
  return crashing.done.length;
}

async function crashAt(at: number, moment: CrashMoment, root: string): Promise<string> {
  const crashing = crashingFiles(at, moment);
  await assert.rejects(live(crashing, root, 6), Crash, `operation ${at} was never reached`);
  return `crash ${moment} operation ${at} (${crashing.done.at(-1)})`;
}

test('killed before, in and after each file operation of commits and closings, nothing is lost, doubled or cut', async () => {
  const operations = await countOperations();
  assert.ok(operations > 100, `only ${operations} operations: the scenario is too small`);
  for (let at = 0; at < operations; at += 1) {
    for (const moment of CRASH_MOMENTS) {
      const root = join(BASE, `${at}-${moment}`);
      const context = await crashAt(at, moment, root);
      await live({ files: disk }, root, 11);
      await proveWhole(root, context);
      rmSync(root, { recursive: true });
    }
  }
});

test('killed again while it recovers, at each file operation of the recovery, it still recovers', async () => {
  const operations = await countOperations();
  for (let first = 5; first < operations; first += 7) {
    for (let second = 0; ; second += 1) {
      const root = join(BASE, `${first}-then-${second}`);
      const context = await crashAt(first, 'halfway', root);
      const again = crashingFiles(second, 'halfway');
      const died = await openCommitter(again, root).then(
        (committer) => committer.release().then(() => false),
        () => true,
      );
      await live({ files: disk }, root, 11);
      await proveWhole(root, `${context}, then operation ${second} of the recovery (${again.done.at(-1)})`);
      rmSync(root, { recursive: true });
      if (!died) break;
    }
  }
});

test('what was written but not committed is cut off, and kept aside', async () => {
  const root = join(BASE, 'cut');
  await live({ files: disk }, root, 6);
  const committed = await readCommitted(layoutOf(root));
  const open = committed?.parts.find((part) => !part.closed);
  const path = join(root, `${open?.name}.open.ndjson`);
  const whole = readFileSync(path);
  writeFileSync(path, Buffer.concat([whole, Buffer.from('{"seq":77,"half')]));
  writeFileSync(join(root, '2026-07-04/2026-07-04T23.open.ndjson'), '{"seq":78}\n');
  const recovered = await recover(disk, layoutOf(root), 'boot');
  for (const part of recovered.open) if (part.fd !== undefined) await disk.close(part.fd);
  assert.deepEqual(readFileSync(path), whole);
  const aside = readdirSync(layoutOf(root).cut).map((name) =>
    readFileSync(join(layoutOf(root).cut, name), 'utf8'),
  );
  assert.deepEqual(aside.sort(), ['{"seq":77,"half', '{"seq":78}\n']);
  assert.equal(recovered.mended.length, 2);
});
