import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { decodeEvent } from '../../src/wire/jetstream/event.ts';
import { testFrames, writeFrames } from '../rig/frames.ts';
import { readJetstream, testDictionary } from '../rig/jetstream.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { textsBelow } from '../rig/stream.ts';
import { type Running, startVahti, vahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

/** Runs `vahti simulate jetstream` as a user would. Gives its address once it has said that it listens. */
async function simulate(
  t: TestContext,
  folder: string,
  ...args: readonly string[]
): Promise<{ running: Running; url: string }> {
  const running = startVahti(t, ['simulate', 'jetstream', '--listen', '127.0.0.1:0', ...args], folder);
  const url = await until(() => /ws:\/\/127\.0\.0\.1:\d+\/subscribe/.exec(running.output().stderr)?.[0], {
    what: `the simulator to listen: ${running.output().stderr}`,
  });
  return { running, url };
}

interface Line {
  readonly seq: number;
  readonly time: string;
  readonly commit: { readonly record: { readonly seq: number; readonly op: number } };
}

test('a simulated Jetstream of recorded frames is collected once each, through its faults, packed', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const frames = testFrames(60, Date.UTC(2026, 6, 4, 14, 57, 30), 60_000);
  writeFrames(join(folder, 'frames.bin'), frames);
  const dictionary = join(folder, 'zstd.dict');
  writeFileSync(dictionary, testDictionary().bytes);
  const { running, url } = await simulate(
    t,
    folder,
    '--frames=frames.bin',
    '--rate=400',
    `--dictionary=${dictionary}`,
    '--fault=cut@events=30',
    '--fault=reorder:8@before-live=8,connection=2',
  );
  const expected = frames.flatMap(({ seq, lines }) =>
    Array.from({ length: lines }, (_, op) => `${seq}/${op}`),
  );
  const into = join(folder, 'data');
  writeFileSync(
    join(folder, 'vahti.yaml'),
    `services: { jet: { collect: { from: "${url}", into: data, cursor: oldest, dictionary: zstd.dict } } }\n`,
  );
  const collector = startVahti(t, ['run', 'jet'], folder);
  const collected = (): Line[] => textsBelow(into).map(({ text }) => JSON.parse(text) as Line);
  await until(() => collected().length >= expected.length, {
    deadlineMs: 20_000,
    what: `all lines: ${collector.output().stderr}`,
  });
  collector.kill('SIGTERM');
  assert.equal((await within(collector.ended, { what: 'the collector to end' })).code, 0);
  const found = collected().map(({ commit }) => `${commit.record.seq}/${commit.record.op}`);
  assert.deepEqual(found.sort(), expected.sort());
  assert.equal((await vahti(t, ['collect', 'verify', 'jet'], folder)).code, 0);
  assert.equal((await vahti(t, ['collect', 'gaps', 'jet'], folder)).stdout, 'no gap is known\n');
  running.kill('SIGTERM');
  assert.equal((await within(running.ended, { what: 'the simulator to end' })).code, 0);
});

test('made-up events come at their rate, with the numbers of a server of version 2 where asked for', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  for (const server of ['1', '2']) {
    const { url } = await simulate(t, folder, '--rate', '300', '--seed', '4', '--server', server);
    const messages = await readJetstream(t, `${url}?cursor=0`).take(50);
    const numbers = messages.map((message) => {
      const event = decodeEvent(message);
      return event.kind === 'event' ? event.cursor : 'bad';
    });
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => (server === '2' ? i + 1 : undefined)),
    );
  }
});

test('what it cannot be told is said before anything listens', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'not.dict'), 'nothing of the kind');
  const listen = ['--listen', '127.0.0.1:0'];
  const cases: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
    [[], 2, /required option '--listen <host:port>' not specified/],
    [['--listen', 'x:y'], 2, /Write HOST:PORT/],
    [[...listen, '--rate', 'fast'], 2, /Write a number of frames a second/],
    [[...listen, '--server', '3'], 2, /Allowed choices are 1, 2/],
    [[...listen, '--fault', 'clamped', '--fault', 'cut@x=1'], 2, /called "clamped"[^]*cannot wait for "x"/],
    [[...listen, '--frames', 'no.bin'], 1, /cannot read no\.bin/],
    [[...listen, '--dictionary', 'no.dict'], 1, /cannot read the dictionary no\.dict/],
    [[...listen, '--dictionary', 'not.dict'], 1, /cannot use it as a zstd dictionary.*not\.dict/],
    [['--listen', '192.0.2.1:4100'], 1, /cannot listen at 192\.0\.2\.1:4100/],
  ];
  for (const [args, code, says] of cases) {
    const ran = await vahti(t, ['simulate', 'jetstream', ...args], folder);
    assert.deepEqual([ran.code, ran.stdout], [code, ''], args.join(' '));
    assert.match(ran.stderr, says);
  }
});
