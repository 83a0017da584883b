import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Checkpoint } from '../../src/collect/checkpoint.ts';
import { type Committed, readCommitted } from '../../src/collect/committed.ts';
import { type Gap, readGaps } from '../../src/collect/gaps.ts';
import { closedPath, layoutOf, openPath } from '../../src/collect/layout.ts';
import { parseFault } from '../../src/simulate/firehose/fault-forms.ts';
import {
  createFirehoseSimulator,
  type FirehoseSimulatorOptions,
} from '../../src/simulate/firehose/server.ts';
import { encodeFrame, type OpContent } from '../../src/wire/atproto/encode-frame.ts';
import { splitFrames } from '../../src/wire/atproto/frames-file.ts';
import { PATH } from './firehose.ts';
import { frontFor } from './front.ts';
import type { TestFrame } from './frames.ts';
import { startRelay } from './relay.ts';
import { linesBelow } from './stream.ts';
import { jsonLines, type Running, startVahti } from './vahti.ts';
import { until, within } from './wait.ts';

/**
 * Serves a firehose from this process until the end of the test, with faults as the command line has them. Resolves with its address,
 * which is the same for all of a test.
 */
export async function serveFrames(
  t: TestContext,
  options: Partial<Omit<FirehoseSimulatorOptions, 'faults'>>,
  ...faults: readonly string[]
): Promise<string> {
  const parsed = faults.map((text) => {
    const fault = parseFault(text);
    if (!fault.ok) throw new Error(fault.error);
    return fault.value;
  });
  const relay = createFirehoseSimulator({ host: '127.0.0.1', port: 0, ...options, faults: parsed });
  await startRelay(t, relay);
  const port = await frontFor(t, Number(relay.address().split(':').at(-1)));
  return `ws://127.0.0.1:${port}${PATH}`;
}

/** Runs the real collector, in a process of its own, from a stream into the folder's `data`. */
export function startCollector(
  t: TestContext,
  url: string,
  folder: string,
  env: Record<string, string> = {},
): Running {
  const collect = `{ from: "${url}", into: data, cursor: oldest }`;
  writeFileSync(join(folder, 'vahti.yaml'), `services: { firehose: { collect: ${collect} } }\n`);
  return startVahti(t, ['run', 'firehose'], folder, env);
}

export function dataOf(folder: string): string {
  return join(folder, 'data');
}

/** What is committed; throws where nothing is. */
export async function committedIn(folder: string): Promise<Committed> {
  const all = await readCommitted(layoutOf(dataOf(folder)));
  if (all === undefined) throw new Error(`nothing is committed in ${folder}`);
  return all;
}

export async function gapsIn(folder: string): Promise<readonly Gap[]> {
  const { checkpoint } = await committedIn(folder);
  return readGaps(layoutOf(dataOf(folder)).gaps, checkpoint.gaps);
}

/** The frames in quarantine, as they came. */
export function quarantineIn(folder: string): readonly Buffer[] {
  const path = layoutOf(dataOf(folder)).quarantine;
  const frames = splitFrames(readFileSync(path), path);
  if (!frames.ok) throw new Error(frames.error);
  return frames.value;
}

/** Waits until a commit is as asked, by a collector that still runs. */
export function untilCommitted(
  collector: Running,
  folder: string,
  what: string,
  check: (checkpoint: Checkpoint, all: Committed) => boolean,
): Promise<Committed> {
  const seen = until(
    async () => {
      const all = await readCommitted(layoutOf(dataOf(folder)));
      return all !== undefined && check(all.checkpoint, all) ? all : undefined;
    },
    { deadlineMs: 25_000, what },
  );
  const over = collector.ended.then((ran): never => {
    throw new Error(`the collector ended while it was waited for ${what}: ${JSON.stringify(ran)}`);
  });
  over.catch(() => {});
  seen.catch(() => {});
  return Promise.race([seen, over]);
}

/** Ends a collector as a runner does, and sees that it goes in order. */
export async function endCollector(collector: Running): Promise<void> {
  collector.kill('SIGTERM');
  const { code, stderr } = await within(collector.ended, { what: 'the collector to end' });
  assert.equal(code, 0, stderr);
}

/** Kills a collector without a word. */
export async function killCollector(collector: Running): Promise<void> {
  collector.kill('SIGKILL');
  await within(collector.ended, { what: 'the collector to be gone' });
}

interface Logged {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** What a collector logged so far under a message that begins so. */
export function logged(collector: Running, beginning: string): Logged[] {
  const lines = jsonLines<Logged>(collector.output().stderr.replaceAll(/^[^{].*\n/gm, ''));
  return lines.filter(({ message }) => message.startsWith(beginning));
}

/** A commit of records in a collection of nobody's lexicon. */
export function commitFrame(seq: number, time: number, ops: readonly OpContent[]): TestFrame {
  const common = { did: 'did:plc:testtesttesttest', time: new Date(time).toISOString(), rev: `rev${seq}` };
  return {
    seq,
    lines: ops.length,
    frame: encodeFrame({ kind: 'commit', seq, ...common, since: null, ops }),
  };
}

export function bytesOf(frames: readonly TestFrame[]): Uint8Array[] {
  return frames.map(({ frame }) => frame);
}

/** `SEQ/OP` of each line that frames of `testFrames` make, sorted. */
export function keysOf(frames: readonly TestFrame[]): string[] {
  return frames.flatMap(({ seq, lines }) => Array.from({ length: lines }, (_, op) => `${seq}/${op}`)).sort();
}

/** The same of the lines that lie in a folder's files, open ones included, whole: throws at half a line. */
export function keysIn(folder: string): string[] {
  return linesBelow(dataOf(folder))
    .map(({ seq, op }) => `${seq}/${op}`)
    .sort();
}

/** The same of what is committed alone. */
export function committedKeys(folder: string, all: Committed): string[] {
  return committedLines<CommitLine>(folder, all)
    .map(({ seq, commit }) => `${seq}/${commit.record.op}`)
    .sort();
}

/** Every committed line, part by part. */
export function committedLines<T>(folder: string, { parts }: Committed): T[] {
  return parts.flatMap((part) => {
    const path = join(dataOf(folder), part.closed ? closedPath(part.name) : openPath(part.name));
    return jsonLines<T>(readFileSync(path).subarray(0, part.bytes).toString());
  });
}

interface CommitLine {
  readonly seq: number;
  readonly commit: { readonly record: { readonly op: number } };
}
