import type { Command } from 'commander';
import type { Next, NextItem } from '../../app/next.ts';
import { approximateDuration } from '../../core/durations.ts';
import { localText, ownZone } from '../../core/zoned-time.ts';
import { answered, controlClient } from '../control.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { colours, paint, printable, printJson, table } from '../output.ts';

export function addNext(program: Command): void {
  subcommand(
    program,
    'next',
    'show what happens next and when: actions, starts, looks at what is not well, quiet windows and snoozes',
  )
    .addOption(jsonOption())
    .action(async ({ config, json }: JsonOption) => {
      const next = answered(await (await controlClient(config)).call('next', {}));
      if (json) printJson(next);
      else process.stdout.write(nextText(next));
    });
}

function nextText({ now, items, routine }: Next): string {
  const colour = colours(process.stdout);
  const zone = ownZone();
  const ahead = (at: number): string => (at <= now ? 'now' : approximateDuration(at - now));
  const rows = items.map((item) => [
    localText(item.at, zone),
    ahead(item.at),
    subjectOf(item),
    printable(item.what),
  ]);
  const heading = [`WHEN (${zone})`, 'IN', 'SERVICE', 'WHAT'].map((word) => paint(colour, 'dim', word));
  const shown = rows.length === 0 ? '' : table([heading, ...rows]);
  const { watches, at } = routine;
  if (watches === 0 || at === null) return shown === '' ? 'nothing is due\n' : shown;
  const many = `${watches} ${watches === 1 ? 'watch that is' : 'watches that are'} well`;
  return `${shown}${shown === '' ? '' : '\n'}and the looks of ${many}, the next in ${ahead(at)}\n`;
}

function subjectOf({ service, watch }: NextItem): string {
  if (service === '') return 'everything';
  return watch === null ? service : `${service}/${watch}`;
}
