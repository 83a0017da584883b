import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { loadConfig } from '../../app/config/load.ts';
import { findConfig, printDiagnostics } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { printJson } from '../output.ts';
import { timesText } from '../../app/plan-lines/jobs.ts';

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
      if (json) return;
      const jobs = loaded.plan?.jobs ?? [];
      const what = [count(services, 'service'), ...(jobs.length === 0 ? [] : [count(jobs.length, 'job')])];
      process.stdout.write(`${loaded.file} is fine: ${what.join(', ')}\n`);
      for (const job of jobs) {
        const times = timesText(job, systemClock.now());
        if (times !== undefined) process.stdout.write(`  ${job.name} is due at ${times}\n`);
      }
    });
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
