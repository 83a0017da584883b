import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { asError } from '../../core/result.ts';
import type { ZstdDictionary } from '../../wire/jetstream/dictionary.ts';
import { CommandError } from '../exit-codes.ts';
import {
  addServerOptions,
  loadFrames,
  readFaults,
  runSimulator,
  type ServerOptions,
} from './simulate-options.ts';

interface JetstreamOptions extends ServerOptions {
  readonly server: '1' | '2';
  readonly dictionary?: string;
}

export function addSimulateJetstream(simulate: Command): void {
  const command = simulate
    .command('jetstream')
    .description('a Jetstream (version 1, /subscribe) with history by cursor and live fan-out');
  addServerOptions(command, {
    rate: 'firehose frames a second whose events come live; 50 where it is left out',
    loop: 'begin anew after the last recorded frame',
    fault: 'close:1001@events=500 or reorder:20@before-live=10',
    page: 'docs/simulate-jetstream.md',
  })
    .addOption(
      new Option('--server <version>', 'whose /subscribe it is: servers of version 2 number their events')
        .choices(['1', '2'])
        .default('1'),
    )
    .option('--dictionary <file>', 'a zstd dictionary, for readers that ask for packed messages')
    .action(simulateJetstream);
}

async function simulateJetstream(options: JetstreamOptions): Promise<void> {
  const { createJetstreamSimulator } = await import('../../simulate/jetstream/server.ts');
  const { parseFault } = await import('../../simulate/jetstream/fault-forms.ts');
  const faults = readFaults(options.fault ?? [], parseFault);
  const frames = options.frames === undefined ? undefined : await loadFrames(options.frames);
  const dictionary = options.dictionary === undefined ? undefined : await loadDictionary(options.dictionary);
  const simulator = createJetstreamSimulator({
    ...options.listen,
    frames,
    dictionary,
    rate: options.rate,
    loop: options.loop === true,
    seed: options.seed,
    version: options.server === '2' ? 2 : 1,
    faults,
  });
  await runSimulator(simulator, options.listen, 'a simulated Jetstream listens', () => ({
    url: `ws://${simulator.address()}/subscribe`,
  }));
}

async function loadDictionary(file: string): Promise<ZstdDictionary> {
  const { parseDictionary } = await import('../../wire/jetstream/dictionary.ts');
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new CommandError('failed', `cannot read the dictionary ${file}: ${asError(error).message}`);
  });
  const dictionary = parseDictionary(bytes);
  if (dictionary.ok) return dictionary.value;
  throw new CommandError('failed', `${dictionary.error}: ${file}`);
}
