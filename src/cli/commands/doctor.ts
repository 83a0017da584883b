import type { Command } from 'commander';
import { type Check, examine } from '../../app/doctor.ts';
import { loadConfig } from '../../app/config/load.ts';
import { findConfig } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { ownProgram, ownVersion } from '../../core/own-package.ts';
import { colours, type Paint, paint, printJson } from '../output.ts';

const PAINT: Readonly<Record<Check['verdict'], Paint>> = { fine: 'green', odd: 'yellow', wrong: 'red' };

export function addDoctor(program: Command): void {
  subcommand(
    program,
    'doctor',
    'look for what would keep vahti from its work here: rights, disks, limits, the daemon',
  )
    .addOption(jsonOption())
    .action(async ({ config, json }: JsonOption) => {
      const checks = await examine(await loadConfig(findConfig(config)), {
        program: ownProgram(),
        version: ownVersion(),
      });
      const colour = colours(process.stdout);
      if (json) printJson(checks);
      else
        for (const { verdict, what, found, more = [] } of checks) {
          process.stdout.write(
            `${paint(colour, PAINT[verdict], verdict.padEnd(5))}  ${what.padEnd(12)} ${found}\n`,
          );
          for (const line of more) process.stdout.write(`${' '.repeat(20)}${line}\n`);
        }
      if (checks.some((check) => check.verdict === 'wrong')) throw new CommandError('failed', '');
    });
}
