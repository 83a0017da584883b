import type { Command } from 'commander';
import type { ActionResult } from '../../app/control-api.ts';
import { answered, controlClient } from '../control.ts';
import { CommandError } from '../exit-codes.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { printJson } from '../output.ts';

/** A stop may take as long as its service's deadline, and KILL some seconds more. */
const PATIENCE_MS = 3_600_000;

export function addStart(program: Command): void {
  subcommand(
    program,
    'start [name...]',
    'start services; a person’s start is always allowed, and resets the tally',
  )
    .addOption(jsonOption())
    .option('--all', 'all services')
    .action(act('start'));
}

export function addStop(program: Command): void {
  subcommand(
    program,
    'stop [name...]',
    'stop services; they stay stopped until a person starts them or the machine boots',
  )
    .addOption(jsonOption())
    .option('--all', 'all services')
    .action(act('stop'));
}

export function addRestart(program: Command): void {
  subcommand(program, 'restart [name...]', 'stop services and start them again')
    .addOption(jsonOption())
    .option('--all', 'all services')
    .option('--why <reason>', 'a reason for the record', '')
    .action(act('restart'));
}

type ActOptions = JsonOption & { readonly all?: true; readonly why?: string };

function act(method: 'start' | 'stop' | 'restart') {
  return async (names: readonly string[], { config, json, all, why }: ActOptions): Promise<void> => {
    if (names.length === 0 && all === undefined) {
      throw new CommandError('usage', `cannot ${method} nothing: name services, or write --all`);
    }
    const client = await controlClient(config);
    const options = { timeoutMs: PATIENCE_MS };
    const results = answered(
      method === 'restart'
        ? await client.call(method, { names, reason: why ?? '' }, options)
        : await client.call(method, { names }, options),
    );
    if (json) printJson(results);
    else for (const { name, message } of results) process.stdout.write(`${name} ${message}\n`);
    failWhereAnyFailed(results);
  };
}

function failWhereAnyFailed(results: readonly ActionResult[]): void {
  if (results.some((result) => !result.done)) throw new CommandError('failed', '');
}
