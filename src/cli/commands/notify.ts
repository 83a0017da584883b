import type { Command } from 'commander';
import { didYouMean } from '../../core/suggest.ts';
import { commandErrorOf, controlClient } from '../control.ts';
import { CommandError } from '../exit-codes.ts';
import { type ConfigOption, subcommand } from '../options.ts';
import { printable } from '../output.ts';

/** A try may take as long as the slowest kind of channel allows. */
const PATIENCE_MS = 150_000;

export function addNotify(program: Command): void {
  const notify = program.command('notify').description('try out the channels by which people are told');
  subcommand(
    notify,
    'test <channel>',
    'send a test message by a channel, now, and say what came of it',
  ).action(test);
}

async function test(channel: string, { config }: ConfigOption): Promise<void> {
  const client = await controlClient(config);
  const answer = await client.call('notify-test', { channel }, { timeoutMs: PATIENCE_MS });
  if (answer.ok) {
    const said = answer.value === '' ? '' : `: ${printable(answer.value)}`;
    process.stdout.write(`${channel} took the test message${said}\n`);
    return;
  }
  const { error } = answer;
  if (error.kind === 'error' && error.code === 'unknown-channel') {
    const { known } = error.data as { readonly known: readonly string[] };
    const others =
      known.length === 0
        ? 'there are none; `notify:` in the config makes one'
        : `there are ${known.join(', ')}`;
    throw new CommandError(
      'unknown',
      `cannot find a channel "${channel}"${didYouMean(channel, known)} (${others})`,
    );
  }
  throw commandErrorOf(error);
}
