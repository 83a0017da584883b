import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../core/clock.ts';
import type { FirehoseFault } from '../../simulate/firehose/faults.ts';
import { CommandError } from '../exit-codes.ts';
import { listenForEnd } from '../signals.ts';

interface FirehoseOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly frames?: string;
  readonly rate?: number;
  readonly loop?: true;
  readonly seed: number;
  readonly fault?: readonly string[];
}

export function addSimulate(program: Command): void {
  const simulate = program
    .command('simulate')
    .description('servers that speak the true protocols, to rehearse with')
    .exitOverride();
  simulate
    .command('firehose')
    .description(
      'an atproto firehose (com.atproto.sync.subscribeRepos) with history by cursor and live fan-out',
    )
    .requiredOption('--listen <host:port>', 'where to listen; port 0 takes a free one', readAddress)
    .option(
      '--frames <file>',
      'serve recorded frames, [u32 little-endian length][frame]…, instead of made-up ones',
    )
    .option(
      '--rate <n>',
      'frames a second; made-up ones come at 50, recorded ones are history at once',
      readRate,
    )
    .option('--loop', 'begin anew after the last recorded frame, with new numbers and times')
    .option('--seed <n>', 'the seed of what is made up', Number, 1)
    .option(
      '--fault <fault>',
      'what goes wrong and when, such as close:1001@frames=500 or poison@seq=1234; may be given often; all of them: docs/simulate-firehose.md',
      (text: string, before?: readonly string[]) => [...(before ?? []), text],
    )
    .exitOverride()
    .action(simulateFirehose);
}

async function simulateFirehose(options: FirehoseOptions): Promise<void> {
  const { createLog } = await import('../../core/log.ts');
  const { createFirehoseSimulator } = await import('../../simulate/firehose/server.ts');
  const faults = await readFaults(options.fault ?? []);
  const frames = options.frames === undefined ? undefined : await loadFrames(options.frames);
  const simulator = createFirehoseSimulator({
    ...options.listen,
    ...(frames === undefined ? {} : { frames }),
    rate: options.rate,
    loop: options.loop === true,
    seed: options.seed,
    faults,
  });
  const log = createLog('info');
  const { signal, release } = listenForEnd();
  const ready = (): void => {
    log.info('a simulated firehose listens', {
      url: `ws://${simulator.address()}/xrpc/com.atproto.sync.subscribeRepos`,
    });
  };
  try {
    await simulator.run({
      clock: systemClock,
      log,
      drain: signal,
      stop: new AbortController().signal,
      ready,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== 'listen') throw error;
    throw new CommandError(
      'failed',
      `cannot listen at ${options.listen.host}:${options.listen.port}: ${(error as Error).message}`,
    );
  } finally {
    release();
  }
}

async function readFaults(texts: readonly string[]): Promise<readonly FirehoseFault[]> {
  const { parseFault } = await import('../../simulate/firehose/parse-fault.ts');
  const faults: FirehoseFault[] = [];
  const errors: string[] = [];
  for (const text of texts) {
    const fault = parseFault(text);
    if (fault.ok) faults.push(fault.value);
    else errors.push(fault.error);
  }
  if (errors.length > 0) throw new CommandError('usage', errors.join('\n'));
  return faults;
}

async function loadFrames(file: string): Promise<readonly Uint8Array[]> {
  const { readFramesFile } = await import('../../wire/atproto/frames-file.ts');
  const frames = await readFramesFile(file);
  if (frames.ok) return frames.value;
  throw new CommandError('failed', frames.error);
}

function readAddress(text: string): { host: string; port: number } {
  const match = /^(?:(.*):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535)
    throw new InvalidArgumentError('Write HOST:PORT, such as 127.0.0.1:4000.');
  return { host: match[1]?.replace(/^\[(.*)\]$/, '$1') ?? '127.0.0.1', port };
}

function readRate(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1_000_000))
    throw new InvalidArgumentError('Write a number of frames a second.');
  return value;
}
