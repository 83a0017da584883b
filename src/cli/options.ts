import { type Command, InvalidArgumentError, Option } from 'commander';

/** `-c, --config`: which config file, as every command takes it. */
function configOption(): Option {
  return new Option(
    '-c, --config <file>',
    'the config file; default: ./vahti.yaml, then /etc/vahti/vahti.yaml',
  );
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON');
}

/** A command with the options that all of them share. */
export function subcommand(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description).addOption(configOption()).exitOverride();
}

export interface ConfigOption {
  readonly config?: string;
}

export interface JsonOption extends ConfigOption {
  readonly json?: true;
}

export interface UpOptions extends ConfigOption {
  readonly view: 'auto' | 'live' | 'json';
  readonly systemd?: true;
}

/** What reads a whole number of an option. */
export function countFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d{1,9}$/.test(text) || count < least || count > most)
      throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
    return count;
  };
}

/** What reads some of a list of words, with commas between, or `all`; in the order of the list. */
export function someOf<T extends string>(words: readonly T[]): (text: string) => readonly T[] {
  return (text) => {
    if (text === 'all') return words;
    const written = text.split(',').map((word) => word.trim());
    const found = words.filter((word) => written.includes(word));
    if (found.length !== new Set(written).size)
      throw new InvalidArgumentError(`Write some of ${words.join(', ')}, with commas between, or all.`);
    return found;
  };
}

/** Reads `KEY=VALUE`, and adds it to those before. */
export function readSetting(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write KEY=VALUE.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
