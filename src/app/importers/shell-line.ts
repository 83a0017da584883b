import { splitWords } from '../../core/words.ts';

/** What only a shell acts on, wherever it stands; and an assignment in front. */
const SHELL = /[$`*?[\]~#!&;|<>(){}\\\n]|^\s*[A-Za-z_]\w*=/;
/** More than one command, or one that is a shell's own: `exec` in front would change what it does. */
const COMPOUND = /[;|\n()`]|(?<![<>])&(?!>)|^\s*[{!]/;
const OWN =
  /^\s*(?:exec|cd|alias|command|if|for|while|until|case|export|source|\.|eval|set|unset|trap|ulimit|umask|time|function|select|read|wait|true|false|test|\[|:)(?:\s|$)/;
const ASSIGNMENTS = /^\s*(?:[A-Za-z_]\w*=(?:"[^"\\]*"|'[^']*'|[^\s"'\\])*\s+)+(?=\S)/;

/**
 * A line that another program gives to a shell, as an argv: its words where no shell is needed for them, otherwise the shell
 * itself. A single command replaces its shell (`exec`), so that the service's process is the command.
 */
export function shellArgv(line: string, shell = 'sh'): readonly string[] {
  // A single command replaces its shell anyway.
  const trimmed = line.trim().replace(/^exec\s+(?!-)/, '');
  if (!SHELL.test(trimmed) && !OWN.test(trimmed)) {
    const words = splitWords(trimmed);
    if (words.ok && words.value.length > 0) return words.value;
  }
  return [shell, '-c', withExec(trimmed)];
}

function withExec(line: string): string {
  const [assignments] = ASSIGNMENTS.exec(line) ?? [''];
  const command = line.slice(assignments.length);
  if (COMPOUND.test(line) || OWN.test(command)) return line;
  return assignments === '' ? `exec ${command}` : `exec env ${line}`;
}

/** A word as a POSIX shell reads it back. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
