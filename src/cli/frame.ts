import { Command } from 'commander';
import { ownVersion } from '../core/own-package.ts';

/** The command line without its commands. */
export function createFrame(): Command {
  return new Command('vahti')
    .description(
      'Turns any long-running data service on Linux into a monitored service, and takes its data where it has to be.',
    )
    .version(ownVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .exitOverride();
}
