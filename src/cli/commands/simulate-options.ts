import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../core/clock.ts';
import type { Result } from '../../core/result.ts';
import type { Runnable } from '../../core/scope.ts';
import { CommandError } from '../exit-codes.ts';
import { listenForEnd } from '../signals.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** What every simulated server can be told. */
export interface ServerOptions {
  readonly listen: Address;
  readonly frames?: string;
  readonly rate?: number;
  readonly loop?: true;
  readonly seed: number;
  readonly fault?: readonly string[];
}

interface Wording {
  readonly rate: string;
  readonly loop: string;
  /** Examples of faults, and the page with all of them. */
  readonly fault: string;
  readonly page: string;
}

export function addServerOptions(command: Command, { rate, loop, fault, page }: Wording): Command {
  return command
    .requiredOption('--listen <host:port>', 'where to listen; port 0 takes a free one', readAddress)
    .option(
      '--frames <file>',
      'serve recorded frames, [u32 little-endian length][frame]…, instead of made-up ones',
    )
    .option('--rate <n>', rate, readRate)
    .option('--loop', loop)
    .option('--seed <n>', 'the seed of what is made up', Number, 1)
    .option(
      '--fault <fault>',
      `what goes wrong and when, such as ${fault}; may be given often; all of them: ${page}`,
      (text: string, before?: readonly string[]) => [...(before ?? []), text],
    )
    .exitOverride();
}

/** Runs a simulator until the process is told to end. `told` is what stands beside the message once it listens. */
export async function runSimulator(
  simulator: Runnable,
  listen: Address,
  message: string,
  told: () => Record<string, string>,
): Promise<void> {
  const { createLog } = await import('../../core/log.ts');
  const log = createLog('info');
  const { signal, release } = listenForEnd();
  try {
    await simulator.run({
      clock: systemClock,
      log,
      drain: signal,
      stop: new AbortController().signal,
      ready: () => log.info(message, told()),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== 'listen') throw error;
    throw new CommandError(
      'failed',
      `cannot listen at ${listen.host}:${listen.port}: ${(error as Error).message}`,
    );
  } finally {
    release();
  }
}

/** All faults, or all that is wrong with them. */
export function readFaults<F>(
  texts: readonly string[],
  parse: (text: string) => Result<F, string>,
): readonly F[] {
  const faults: F[] = [];
  const errors: string[] = [];
  for (const text of texts) {
    const fault = parse(text);
    if (fault.ok) faults.push(fault.value);
    else errors.push(fault.error);
  }
  if (errors.length > 0) throw new CommandError('usage', errors.join('\n'));
  return faults;
}

export async function loadFrames(file: string): Promise<readonly Uint8Array[]> {
  const { readFramesFile } = await import('../../wire/atproto/frames-file.ts');
  const frames = await readFramesFile(file);
  if (frames.ok) return frames.value;
  throw new CommandError('failed', frames.error);
}

function readAddress(text: string): Address {
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
