import type { Argument, Command, Help, Option } from 'commander';
import { code, linkTo, marker, page, sentence, table } from './markdown.ts';

/** A command with the words that call it: `vahti collect tail`. */
interface Entry {
  readonly command: Command;
  readonly words: string;
  readonly depth: number;
}

/** The reference page of the command line, in the order of the help. What the help hides is left out. */
export function cliPage(program: Command): string {
  const help = program.createHelp();
  const entries = entriesBelow(program, help, program.name(), 0);
  return page([
    '# Command line reference',
    marker('the commands in src/cli/'),
    sentence(program.description()),
    '## Commands',
    entries.map(contentsLine).join('\n'),
    `## ${code(program.name())}`,
    fence(help.commandUsage(program)),
    optionTable(help.visibleOptions(program)),
    `Every command has ${code('-h, --help')}. What they exit with: [exit codes](exit-codes.md).`,
    ...entries.flatMap((entry) => section(entry, help)),
  ]);
}

function entriesBelow(parent: Command, help: Help, words: string, depth: number): Entry[] {
  return help.visibleCommands(parent).flatMap((command) => {
    // Every group of commands has a `help` of its own; the one of the whole program stands for them.
    if (depth > 0 && command.name() === 'help') return [];
    const own = `${words} ${command.name()}`;
    return [{ command, words: own, depth }, ...entriesBelow(command, help, own, depth + 1)];
  });
}

function contentsLine({ command, words, depth }: Entry): string {
  return `${'  '.repeat(depth)}- ${linkTo(code(words))}: ${command.description()}`;
}

function section({ command, words }: Entry, help: Help): string[] {
  const inner = help.visibleCommands(command).filter((sub) => sub.name() !== 'help');
  const options = help.visibleOptions(command).filter((option) => option.long !== '--help');
  return [
    `## ${code(words)}`,
    sentence(command.description()),
    inner.length === 0 ? fence(usageOf(command, words, help)) : '',
    inner.map((sub) => `- ${linkTo(code(`${words} ${sub.name()}`))}`).join('\n'),
    argumentTable(command.registeredArguments),
    optionTable(options),
  ];
}

/** The help command has no parent that would give it its full name. */
function usageOf(command: Command, words: string, help: Help): string {
  return command.parent === null ? `${words} ${command.usage()}` : help.commandUsage(command);
}

function fence(text: string): string {
  return `\`\`\`text\n${text.trim()}\n\`\`\``;
}

function argumentTable(args: readonly Argument[]): string {
  if (args.length === 0) return '';
  const rows = args.map((argument) => [
    code(argument.required ? `<${argument.name()}>` : `[${argument.name()}]`),
    argumentCount(argument),
    argument.description === '' ? '' : sentence(argument.description),
  ]);
  return table(['Argument', 'How many', 'Meaning'], rows);
}

function argumentCount({ required, variadic }: Argument): string {
  if (variadic) return required ? 'one or more' : 'any number';
  return required ? 'one' : 'one or none';
}

function optionTable(options: readonly Option[]): string {
  if (options.length === 0) return '';
  return table(
    ['Option', 'Default', 'Meaning'],
    options.map((option) => [code(option.flags), defaultText(option), meaning(option)]),
  );
}

function defaultText({ mandatory, defaultValue, defaultValueDescription }: Option): string {
  if (mandatory) return '*required*';
  if (defaultValueDescription !== undefined) return defaultValueDescription;
  if (defaultValue === undefined || defaultValue === '' || typeof defaultValue === 'boolean') return '';
  return code(String(defaultValue));
}

function meaning({ description, argChoices }: Option): string {
  const text = sentence(description);
  return argChoices === undefined ? text : `${text} One of ${argChoices.map(code).join(', ')}.`;
}
