import type { Command } from 'commander';
import { loadConfig } from '../../app/config/load.ts';
import { findConfig, printDiagnostics } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { printJson } from '../output.ts';

export function addCheck(program: Command): void {
  subcommand(program, 'check', 'check the config, offline: every mistake at once, with its place')
    .addOption(jsonOption())
    .action(async ({ config, json }: JsonOption) => {
      const loaded = await loadConfig(findConfig(config));
      const errors = loaded.diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
      if (json) printJson({ file: loaded.file, ok: errors === 0, diagnostics: loaded.diagnostics });
      else printDiagnostics(loaded);
      if (errors > 0)
        throw new CommandError('usage', json ? '' : `cannot use ${loaded.file}: ${count(errors, 'error')}`);
      const services = loaded.plan?.services.length ?? 0;
      if (!json) process.stdout.write(`${loaded.file} is fine: ${count(services, 'service')}\n`);
    });
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
