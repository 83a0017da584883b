import type { Command } from 'commander';
import { addSimulateFirehose } from './simulate-firehose.ts';
import { addSimulateJetstream } from './simulate-jetstream.ts';

export function addSimulate(program: Command): void {
  const simulate = program
    .command('simulate')
    .description('servers that speak the true protocols, to rehearse with')
    .exitOverride();
  addSimulateFirehose(simulate);
  addSimulateJetstream(simulate);
}
