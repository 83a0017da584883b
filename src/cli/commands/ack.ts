import type { Command } from 'commander';
import { callerName } from '../caller.ts';
import { controlClient } from '../control.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { answeredBySilences, printResults } from '../silence-answers.ts';

export function addAck(program: Command): void {
  subcommand(
    program,
    'ack <what...>',
    'say that you know what is wrong with services or watches (SERVICE/WATCH): nobody is told any more until it is well again; what is done about it goes on',
  )
    .addOption(jsonOption())
    .option('--why <text>', 'what you know of it, shown in status and explain', '')
    .action(
      async (names: readonly string[], { config, json, why }: JsonOption & { readonly why: string }) => {
        const client = await controlClient(config);
        const said = { names, why: why.trim(), who: callerName() };
        printResults(answeredBySilences(await client.call('ack', said)), json);
      },
    );
}
