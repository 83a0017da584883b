import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { oldLine, writeCursor, writeHour } from '../rig/old-writer.ts';
import type { ImportRecord } from '../../src/app/importers/sinitaivas/record.ts';
import { readCommitted } from '../../src/collect/committed.ts';
import { layoutOf } from '../../src/collect/layout.ts';
import { createStamper } from '../../src/wire/atproto/restamp.ts';
import { start } from '../rig/firehose.ts';
import { type TestFrame, testFrames } from '../rig/frames.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { linesBelow } from '../rig/stream.ts';
import { ROOT, startVahti, vahti } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

/** Two hours of a stream, of which the old program took the first, and Vahti takes the rest. */
const START = Date.UTC(2025, 6, 4, 14);
const SPAN_MS = 2 * 3_600_000;
const FRAMES = contiguous(testFrames(2_400, START, SPAN_MS));
const TAKEN = 1_500;

/** The frames under numbers that follow each other, as a relay gives them: then any gap that is claimed is a false one. */
function contiguous(frames: readonly TestFrame[]): TestFrame[] {
  return frames.map((each, i) => {
    const seq = 5_000 + i;
    const stamp = createStamper(each.frame);
    assert.ok(stamp);
    return { ...each, seq, frame: stamp({ seq, time: new Date(timeOf(i)).toISOString() }) };
  });
}

function timeOf(index: number): number {
  return START + Math.floor((index * SPAN_MS) / 2_400);
}

interface OldLines {
  readonly path: string;
  readonly ids: readonly string[];
}

/** Writes the lines that sinitaivas-live would have made of the frames: the first hour packed, the second not. */
function writeOld(dir: string, frames: readonly TestFrame[], tail = ''): OldLines[] {
  const hours = new Map<string, { text: string; ids: string[] }>();
  for (const [i, { seq, lines }] of frames.entries()) {
    const time = timeOf(i);
    const hour = new Date(time).toISOString().slice(0, 13);
    const file = hours.get(hour) ?? { text: '', ids: [] };
    hours.set(hour, file);
    for (let op = 0; op < lines; op += 1) {
      file.text += oldLine({ seq, time, op });
      file.ids.push(`${seq}/${op}`);
    }
  }
  return [...hours].map(([hour, { text, ids }], index) => {
    const last = index === hours.size - 1;
    return { path: writeHour(dir, hour, text + (last ? tail : ''), last ? 'plain' : 'gz'), ids };
  });
}

/** Every file of the old program, with its checksum and time. */
function fingerprint(dir: string): string[] {
  return readdirSync(join(dir, 'firehose_stream'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const sum = createHash('sha256').update(readFileSync(path)).digest('hex');
      return `${path} ${statSync(path).mtimeMs} ${sum}`;
    });
}

function idsOf(frames: readonly TestFrame[]): string[] {
  return frames.flatMap(({ seq, lines }) => Array.from({ length: lines }, (_, op) => `${seq}/${op}`));
}

/** Imports with the real program, lets the real collector run to the end of the stream, and looks at what lies there. */
async function takeOverAndCollect(t: TestContext, dir: string, inclusive: boolean): Promise<ImportRecord> {
  const before = fingerprint(dir);
  const imported = await vahti(t, ['import', 'sinitaivas', dir, '--config', join(dir, 'vahti.yaml')], dir);
  assert.equal(imported.code, 0, imported.stderr);
  const record = JSON.parse(readFileSync(join(dir, 'vahti/.vahti/imported.json'), 'utf8')) as ImportRecord;

  const relay = await start(t, { frames: FRAMES.map(({ frame }) => frame), inclusive });
  const config = readFileSync(join(dir, 'vahti.yaml'), 'utf8');
  writeFileSync(join(dir, 'vahti.yaml'), config.replace(/from: .*/, `from: ${relay.url}`));
  const collector = startVahti(t, ['run', 'firehose'], dir);
  const end = FRAMES.at(-1)?.seq;
  await until(async () => (await readCommitted(layoutOf(join(dir, 'vahti'))))?.checkpoint.cursor === end, {
    deadlineMs: 30_000,
    what: 'the end of the stream',
  });
  collector.kill('SIGTERM');
  assert.equal((await collector.ended).code, 0, collector.output().stderr);

  const expected = idsOf(FRAMES.filter(({ seq }) => seq > record.cursor));
  const found = linesBelow(join(dir, 'vahti')).map(({ seq, op }) => `${seq}/${op}`);
  assert.deepEqual(
    found.sort(),
    expected.sort(),
    'events after the old data, each once, and none of those before',
  );
  const gaps = await vahti(t, ['collect', 'gaps', 'firehose', '--json'], dir);
  assert.deepEqual(JSON.parse(gaps.stdout), [], 'no gap is claimed');
  const verified = await vahti(t, ['collect', 'verify', 'firehose'], dir);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  assert.deepEqual(fingerprint(dir), before, 'the old files are as they were');
  return record;
}

/** Old lines without those that the import says come again. */
function countingOld(files: readonly OldLines[], { again }: ImportRecord): string[] {
  return files.flatMap(({ path, ids }) => {
    const out = again.filter((each) => each.path === path);
    return ids.filter(
      (_, index) => !out.some(({ fromLine, lines }) => index + 1 >= fromLine && index + 1 < fromLine + lines),
    );
  });
}

test('after a clean stop the collector goes on behind the last old event: none lost, none twice, no gap claimed', async (t) => {
  leakCheck(t);
  const dir = tempFolder(t);
  const taken = FRAMES.slice(0, TAKEN);
  const old = writeOld(dir, taken);
  const last = taken.findLast(({ lines }) => lines > 0)?.seq ?? 0;
  writeCursor(dir, last);
  const record = await takeOverAndCollect(t, dir, true);
  assert.deepEqual([record.cursor, record.again, record.holes], [last, [], []]);
  assert.deepEqual([...countingOld(old, record), ...idsOf(FRAMES.slice(TAKEN))], idsOf(FRAMES));
});

test('killed in the middle of a commit, with its line torn: the commit comes again, whole, and the account says so', async (t) => {
  leakCheck(t);
  const dir = tempFolder(t);
  // Three operations, of which one is written and the next one torn; the cursor is that of the commit before.
  const at = FRAMES.findIndex(({ lines }, index) => index >= TAKEN && lines === 3);
  const cut = FRAMES[at] as TestFrame;
  const time = timeOf(at);
  const first = oldLine({ seq: cut.seq, time, op: 0 });
  const half = oldLine({ seq: cut.seq, time, op: 1 }).slice(0, 100);
  const whole = writeOld(dir, FRAMES.slice(0, at), first + half);
  const cursor = FRAMES.slice(0, at).findLast(({ lines }) => lines > 0)?.seq ?? 0;
  writeCursor(dir, cursor);
  const record = await takeOverAndCollect(t, dir, false);
  assert.equal(record.cursor, cursor);
  assert.deepEqual([record.totals.torn, record.again.map(({ lines }) => lines)], [1, [1]]);
  const old = whole.map(({ path, ids }, index) => ({
    path,
    ids: index === whole.length - 1 ? [...ids, `${cut.seq}/0`] : ids,
  }));
  const kept = countingOld(old, record);
  assert.deepEqual([...kept, ...idsOf(FRAMES.filter(({ seq }) => seq > cursor))], idsOf(FRAMES));
});

test('with a torn cursor and forged numbers the position comes from the data', async (t) => {
  leakCheck(t);
  const dir = tempFolder(t);
  const taken = FRAMES.slice(0, TAKEN);
  const forged = [5, 9_007_199_254_740_991].map((seq, op) =>
    oldLine({ seq: 6_499, time: START + SPAN_MS / 2, op: op + 7, record: { seq } }),
  );
  writeOld(dir, taken, forged.join(''));
  writeFileSync(join(dir, 'cursors.json'), '{"streamer": {"curs');
  const record = await takeOverAndCollect(t, dir, true);
  const written = taken.filter(({ lines }) => lines > 0);
  assert.deepEqual([record.cursor, record.totals.suspicious], [written.at(-2)?.seq, 2]);
});

test('a dry run counts and writes nothing, mistakes are plain, and the config is that of the example', async (t) => {
  leakCheck(t);
  const dir = tempFolder(t);
  writeOld(dir, FRAMES.slice(0, TAKEN));
  writeCursor(dir, FRAMES[TAKEN - 1]?.seq);
  const before = readdirSync(dir);
  const dry = await vahti(t, ['import', 'sinitaivas', dir, '--dry-run', '--json'], dir);
  assert.equal(dry.code, 0, dry.stderr);
  const said = JSON.parse(dry.stdout) as { dryRun: boolean; config: string; record: ImportRecord };
  assert.equal(said.dryRun, true);
  assert.equal(said.record.totals.lines, idsOf(FRAMES.slice(0, TAKEN)).length);
  assert.equal(said.config, readFileSync(join(ROOT, 'examples/sinitaivas/vahti.yaml'), 'utf8'));
  assert.match(
    (await vahti(t, ['import', 'sinitaivas', dir, '--dry-run'], dir)).stdout,
    /nothing was written/,
  );
  assert.deepEqual(readdirSync(dir), before);

  const into = join(dir, 'else where');
  const config = join(dir, 'conf.yaml');
  const done = await vahti(t, ['import', 'sinitaivas', '.', '--into', into, '--config', config], dir);
  assert.equal(done.code, 0, done.stderr);
  assert.ok(!existsSync(join(dir, 'vahti')));
  assert.match(readFileSync(config, 'utf8'), /into: "else where"/);
  assert.equal((await vahti(t, ['check', '-c', config], dir)).code, 0);

  const refused = async (args: string[], expected: RegExp): Promise<void> => {
    const ran = await vahti(t, ['import', 'sinitaivas', ...args], dir);
    assert.equal(ran.code, 1, ran.stderr);
    assert.match(ran.stderr, expected);
    assert.equal(ran.stdout, '');
  };
  await refused([dir, '--into', into], /^cannot import into .*else where: it has a checkpoint already/);
  await refused(['nowhere'], /^cannot import .*nowhere: no such folder\n$/);
  await refused([dir, '--config', config], /^cannot write .*conf\.yaml: it is there already\n$/);
  await refused(
    [into],
    /^cannot import .*else where: it has no firehose_stream.*name the folder that sinitaivas-live ran in\n$/,
  );
});
