import type { Command } from 'commander';
import {
  addServerOptions,
  loadFrames,
  readFaults,
  runSimulator,
  type ServerOptions,
} from './simulate-options.ts';

export function addSimulateFirehose(simulate: Command): void {
  const command = simulate
    .command('firehose')
    .description(
      'an atproto firehose (com.atproto.sync.subscribeRepos) with history by cursor and live fan-out',
    );
  addServerOptions(command, {
    rate: 'frames a second; made-up ones come at 50, recorded ones are history at once',
    loop: 'begin anew after the last recorded frame, with new numbers and times',
    fault: 'close:1001@frames=500 or poison@seq=1234',
    page: 'docs/simulate-firehose.md',
  }).action(simulateFirehose);
}

async function simulateFirehose(options: ServerOptions): Promise<void> {
  const { createFirehoseSimulator } = await import('../../simulate/firehose/server.ts');
  const { parseFault } = await import('../../simulate/firehose/fault-forms.ts');
  const faults = readFaults(options.fault ?? [], parseFault);
  const frames = options.frames === undefined ? undefined : await loadFrames(options.frames);
  const simulator = createFirehoseSimulator({
    ...options.listen,
    ...(frames === undefined ? {} : { frames }),
    rate: options.rate,
    loop: options.loop === true,
    seed: options.seed,
    faults,
  });
  await runSimulator(simulator, options.listen, 'a simulated firehose listens', () => ({
    url: `ws://${simulator.address()}/xrpc/com.atproto.sync.subscribeRepos`,
  }));
}
