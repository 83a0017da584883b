import type { Command } from 'commander';
import { answered, controlClient } from '../control.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { colours, paint, printJson } from '../output.ts';
import { recordText } from '../record-text.ts';

export function addExplain(program: Command): void {
  subcommand(
    program,
    'explain <name>',
    'say why a service is as it is, on what evidence, and what happens next and when',
  )
    .addOption(jsonOption())
    .action(async (name: string, { config, json }: JsonOption) => {
      const explanation = answered(await (await controlClient(config)).call('explain', { name }));
      if (json) return printJson(explanation);
      const colour = colours(process.stdout);
      const lines = [
        paint(colour, 'bold', `${name} is ${explanation.service.state}`),
        ...explanation.because,
      ];
      if (explanation.evidence.length > 0) lines.push('', 'What led here:');
      for (const record of explanation.evidence) lines.push(recordText(record, { colour, service: false }));
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}
