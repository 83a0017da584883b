import { isDeepStrictEqual } from 'node:util';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ControlApi } from '../../app/control-api.ts';
import { createRpcClient, type RpcClient } from '../../core/rpc-client.ts';
import type { BeatWord } from '../../watch/beats/beat.ts';
import { cutMessage, MOST_CODE, RID, RID_FORM } from '../../watch/beats/beat.ts';
import { beatErrorOf, type BeatName } from '../beat-error.ts';
import { controlClient } from '../control.ts';
import { CommandError } from '../exit-codes.ts';
import { type ConfigOption, subcommand } from '../options.ts';

export function addBeat(program: Command): void {
  const words = ['start', 'success', 'fail', 'log', 'exit', 'url'];
  const one = (flags: string, what: string): Option => {
    const option = new Option(flags, what);
    return option.conflicts(words.filter((word) => word !== option.attributeName()));
  };
  subcommand(
    program,
    'beat [name] [command...]',
    'tell a watch of the kind `beat` that a service lives (or began, succeeded, failed); NAME is SERVICE or SERVICE/WATCH, by default what VAHTI_BEAT says; after `--`, runs a command between a start and its exit code',
  )
    .addOption(one('--success', 'it succeeded, or simply lives (this is meant where nothing is said)'))
    .addOption(one('--start', 'it began: with `max-run` its end has to come in time'))
    .addOption(one('--fail', 'it failed'))
    .addOption(one('--exit <code>', 'it ended with an exit code; 0 is a success').argParser(readCode))
    .addOption(one('--log', 'leaves the message, and changes nothing'))
    .addOption(
      one('--url', 'prints the address to which beats can be sent by HTTP; whoever knows it can send them'),
    )
    .option('--message <text>', 'what there is to say, up to 10,000 bytes', '')
    .addOption(
      new Option('--rid <id>', 'which run it belongs to, where several may go on at once')
        .argParser(readRid)
        .default(''),
    )
    .action(beat);
}

interface BeatOptions extends ConfigOption {
  readonly success?: true;
  readonly start?: true;
  readonly fail?: true;
  readonly log?: true;
  readonly exit?: number;
  readonly url?: true;
  readonly message: string;
  readonly rid: string;
}

async function beat(given: string | undefined, rest: readonly string[], options: BeatOptions): Promise<void> {
  const { name, command } = divide(given === undefined ? [] : [given, ...rest]);
  const target = targetOf(name ?? process.env['VAHTI_BEAT']);
  const client = await clientOf(options);
  if (options.url) return showUrl(client, target);
  const { rid, exit: code = null } = options;
  const message = cutMessage(Buffer.from(options.message));
  if (command !== undefined) {
    if (wordOf(options) !== undefined || code !== null)
      throw new CommandError(
        'usage',
        'cannot say what a command will do: leave out --start, --exit and the like',
      );
    // Loaded here, so that a beat is quick.
    const { runBetweenBeats } = await import('../beat-command.ts');
    process.exitCode = await runBetweenBeats(command, { client, target, message, rid });
    return;
  }
  const answer = await client.call('beat', {
    ...target,
    word: wordOf(options) ?? 'success',
    code,
    message,
    rid,
  });
  if (!answer.ok) throw beatErrorOf(answer.error);
}

function wordOf({ success, start, fail, log }: BeatOptions): BeatWord | undefined {
  if (success) return 'success';
  if (start) return 'start';
  if (fail) return 'fail';
  return log ? 'log' : undefined;
}

/** Tells the name from the command, which stands after `--`. */
function divide(words: readonly string[]): {
  readonly name: string | undefined;
  readonly command: readonly string[] | undefined;
} {
  const dashes = process.argv.indexOf('--');
  const command = dashes === -1 ? undefined : process.argv.slice(dashes + 1);
  // The dashes may be the text of an option.
  const isCommand =
    command !== undefined && isDeepStrictEqual(words.slice(words.length - command.length), command);
  const before = isCommand ? words.slice(0, words.length - command.length) : words;
  const [name, surplus] = before;
  if (surplus !== undefined)
    throw new CommandError('usage', `cannot run ${surplus} like this: write the command after --`);
  if (isCommand && command.length === 0) throw new CommandError('usage', 'cannot run an empty command');
  return { name, command: isCommand ? command : undefined };
}

function targetOf(name: string | undefined): BeatName {
  if (name === undefined || name === '')
    throw new CommandError('usage', 'cannot beat for nobody: name SERVICE or SERVICE/WATCH');
  const slash = name.indexOf('/');
  return slash === -1 ? { service: name } : { service: name.slice(0, slash), watch: name.slice(slash + 1) };
}

/** The daemon that the config names, else the one that runs this very service. */
async function clientOf({ config }: ConfigOption): Promise<RpcClient<ControlApi>> {
  const control = process.env['VAHTI_CONTROL'] ?? '';
  return config === undefined && control !== ''
    ? createRpcClient<ControlApi>(control)
    : controlClient(config);
}

async function showUrl(client: RpcClient<ControlApi>, target: BeatName): Promise<void> {
  const answer = await client.call('beat-url', target);
  if (!answer.ok) throw beatErrorOf(answer.error);
  const { watch, url } = answer.value;
  if (url === null)
    throw new CommandError(
      'failed',
      `cannot show an address for ${watch}: nothing listens for beats; write beats: { listen: 127.0.0.1:7081 } into the config, and reload`,
    );
  process.stdout.write(`${url}\n`);
}

function readCode(text: string): number {
  const code = Number(text);
  if (/^\d{1,3}$/.test(text) && code <= MOST_CODE) return code;
  throw new InvalidArgumentError(`Write an exit code, 0 to ${MOST_CODE}.`);
}

function readRid(text: string): string {
  if (RID.test(text)) return text;
  throw new InvalidArgumentError(`Write ${RID_FORM}.`);
}
