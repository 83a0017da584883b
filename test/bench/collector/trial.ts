import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkLines, type Findings } from './check-lines.ts';
import { type PinnedChild, startPinned } from './child.ts';
import type { Contestant } from './contestants.ts';
import type { Source } from './options.ts';
import { FIRST_SEQ } from './prepared-stream.ts';
import type { ServerWord } from './server.ts';

export interface Trial {
  /** From the first byte sent to the last line durable. */
  readonly wallMs: number;
  /** Of the contestant's process, in that time. */
  readonly cpuMs: number;
  /** Of the server's, in that time. */
  readonly serverCpuMs: number;
  readonly peakRss: number;
  /** Undefined where it writes none. */
  readonly findings: Findings | undefined;
}

export interface TrialOptions {
  readonly contestant: Contestant;
  readonly source: Source;
  readonly frames: number;
  /** Lines of each frame of the source's pool. */
  readonly linesOf: readonly number[];
  /** A folder that is not there yet; it is deleted afterwards. */
  readonly folder: string;
  readonly cores: { readonly server: number; readonly contestant: number };
}

const POLL_MS = 10;
const START_MS = 60_000;
/** Slower than so many frames a second, a contestant is given up. */
const SLOWEST = 500;
const RUN = join(import.meta.dirname, 'run.ts');
const PATH = '/xrpc/com.atproto.sync.subscribeRepos';

/** One contestant reads the stream once, from its beginning to its end. Throws where it does not get there. */
export async function runTrial(options: TrialOptions): Promise<Trial> {
  const { contestant, source, frames, folder, cores } = options;
  mkdirSync(folder, { recursive: true });
  // The stream ends a minute ago, as one does that is caught up with.
  const startTime = Date.now() - frames * 2 - 60_000;
  const file = source.file === undefined ? [] : [source.file];
  const serving = [process.execPath, RUN, 'serve', String(frames), String(startTime), ...file];
  const server = startPinned(cores.server, serving, join(folder, 'server.log'), true);
  let reader: PinnedChild | undefined;
  try {
    const listening = await word(server, 'listening');
    const url = `ws://127.0.0.1:${listening.port}${PATH}`;
    const connected = word(server, 'connected');
    reader = startPinned(cores.contestant, contestant.argv({ url, folder, frames }), join(folder, 'log'));
    await Promise.race([connected, ended(reader, contestant.name)]);
    const measured = await measure(options, server, reader);
    await reader.end();
    const findings = contestant.collects
      ? await checkLines(contestant.files(folder), frames, options.linesOf)
      : undefined;
    return { ...measured, findings };
  } finally {
    await reader?.end();
    await server.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lets the server send, and waits until everything is durable. */
async function measure(
  { contestant, frames, folder }: TrialOptions,
  server: PinnedChild,
  reader: PinnedChild,
): Promise<Omit<Trial, 'findings'>> {
  const last = FIRST_SEQ + frames - 1;
  const deadline = performance.now() + START_MS + (frames / SLOWEST) * 1_000;
  const [cpu, serverCpu, began] = [reader.cpuMs(), server.cpuMs(), performance.now()];
  server.child.send('go');
  for (let seq = 0; seq < last; seq = contestant.durableSeq(folder)) {
    if (reader.child.exitCode !== null) throw new Error(`it ended: ${reader.output().slice(-500)}`);
    if (performance.now() > deadline)
      throw new Error(`it was at ${seq - FIRST_SEQ + 1} of ${frames} frames: ${reader.output().slice(-500)}`);
    await sleep(POLL_MS);
  }
  const wallMs = performance.now() - began;
  const [cpuMs, serverCpuMs] = [reader.cpuMs() - cpu, server.cpuMs() - serverCpu];
  return { wallMs, cpuMs, serverCpuMs, peakRss: reader.peakRss() };
}

async function word<Said extends ServerWord['said']>(
  server: PinnedChild,
  said: Said,
): Promise<Extract<ServerWord, { said: Said }>> {
  const [heard] = (await Promise.race([
    once(server.child, 'message', { signal: AbortSignal.timeout(START_MS) }),
    ended(server, 'the server'),
  ])) as [ServerWord];
  if (heard.said !== said) throw new Error(`the server said ${heard.said} instead of ${said}`);
  return heard as Extract<ServerWord, { said: Said }>;
}

async function ended({ child, output }: PinnedChild, who: string): Promise<never> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  throw new Error(`${who} ended with ${code ?? signal}: ${output().slice(-500)}`);
}
