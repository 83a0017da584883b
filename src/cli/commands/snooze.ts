import type { Command } from 'commander';
import type { ControlApi } from '../../app/control-api.ts';
import { systemClock } from '../../core/clock.ts';
import { approximateDuration, parseDuration } from '../../core/durations.ts';
import type { RpcClient } from '../../core/rpc-client.ts';
import { localText, ownZone } from '../../core/zoned-time.ts';
import { callerName } from '../caller.ts';
import { controlClient } from '../control.ts';
import { CommandError } from '../exit-codes.ts';
import { parseMoment } from '../moment.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { printable, printJson, table } from '../output.ts';
import { answeredBySilences, printResults } from '../silence-answers.ts';
import { silenceWords } from '../silence-words.ts';

interface SnoozeOptions extends JsonOption {
  readonly why?: string;
  readonly until?: string;
  readonly all?: true;
  readonly end?: true;
  readonly list?: true;
}

export function addSnooze(program: Command): void {
  subcommand(
    program,
    'snooze [what...]',
    'leave services or watches (SERVICE/WATCH) alone for a while, as in `vahti snooze web 2h --why TEXT`: they are watched and shown, but nothing is done and nobody is told',
  )
    .addOption(jsonOption())
    .option('--why <reason>', 'why; it has to be said')
    .option(
      '--until <time>',
      'until a time, in the place of a duration: 18:00, 2026-11-30 18:00, 2026-11-30T17:00Z',
    )
    .option('--all', 'everything')
    .option('--end', 'end it now')
    .option('--list', 'show what is snoozed, known (`vahti ack`) or in a quiet window')
    .action(snooze);
}

async function snooze(words: readonly string[], options: SnoozeOptions): Promise<void> {
  const { config, list, end } = options;
  const client = await controlClient(config);
  if (list) return showList(client, words, options);
  return end ? endNow(client, words, options) : begin(client, words, options);
}

async function begin(
  client: RpcClient<ControlApi>,
  words: readonly string[],
  { why = '', until: written, all, json }: SnoozeOptions,
): Promise<void> {
  const now = systemClock.now();
  const names = written === undefined ? words.slice(0, -1) : words;
  const until = written === undefined ? afterDuration(words.at(-1), now) : atMoment(written, now);
  checkNames('snooze', names, all);
  if (why.trim() === '') throw new CommandError('usage', 'cannot snooze without a reason: write --why TEXT');
  const results = answeredBySilences(
    await client.call('snooze', { names, until, why: why.trim(), who: callerName() }),
  );
  const end = `until ${localText(until, ownZone())} (${approximateDuration(until - now)})`;
  printResults(results, json, (message) => `${message} ${end}`);
}

async function endNow(
  client: RpcClient<ControlApi>,
  names: readonly string[],
  { why = '', all, json, until }: SnoozeOptions,
): Promise<void> {
  if (until !== undefined) throw new CommandError('usage', 'cannot use --until with --end: it ends now');
  checkNames('end the snooze of', names, all);
  const results = answeredBySilences(
    await client.call('snooze-end', { names, why: why.trim(), who: callerName() }),
  );
  if (results.length === 0 && json === undefined) process.stdout.write('nothing is snoozed\n');
  else printResults(results, json);
}

async function showList(
  client: RpcClient<ControlApi>,
  words: readonly string[],
  { json, why, until, all, end }: SnoozeOptions,
): Promise<void> {
  if (words.length > 0 || [why, until, all, end].some((option) => option !== undefined))
    throw new CommandError('usage', 'cannot use anything else with --list: it shows everything');
  const silences = answeredBySilences(await client.call('silences', {}));
  if (json) return printJson(silences);
  if (silences.length === 0)
    return void process.stdout.write('nothing is snoozed, known or in a quiet window\n');
  const now = systemClock.now();
  const zone = ownZone();
  const rows = silences.map((silence) => [
    [silence.service ?? 'everything', ...(silence.watch === null ? [] : [silence.watch])].join('/'),
    silence.until === null ? (silence.by === 'ack' ? 'it is well' : '-') : localText(silence.until, zone),
    printable(silenceWords({ ...silence, watch: null, until: null }, now)),
  ]);
  process.stdout.write(table([['WHAT', `UNTIL (${zone})`, 'WHY'], ...rows]));
}

function checkNames(verb: string, names: readonly string[], all: true | undefined): void {
  if (all && names.length > 0)
    throw new CommandError('usage', `cannot ${verb} ${names.join(', ')} and --all: write one of them`);
  if (!all && names.length === 0)
    throw new CommandError('usage', `cannot ${verb} nothing: name services or SERVICE/WATCH, or write --all`);
}

function afterDuration(text: string | undefined, now: number): number {
  if (text === undefined)
    throw new CommandError(
      'usage',
      'cannot snooze without an end: write a duration such as 2h, or --until TIME',
    );
  const duration = parseDuration(text);
  if (!duration.ok) throw new CommandError('usage', `${duration.error}; how long comes last`);
  if (duration.value === 0) throw new CommandError('usage', 'cannot snooze for no time at all');
  return now + duration.value;
}

function atMoment(text: string, now: number): number {
  const moment = parseMoment(text, now, ownZone());
  if (!moment.ok) throw new CommandError('usage', moment.error);
  return moment.value;
}
