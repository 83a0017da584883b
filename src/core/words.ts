import { err, ok, type Result } from './result.ts';

const NO_SHELL = 'no shell runs here: write [sh, -c, "…"]';

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** Where a stretch of a word ends, and what it says; or why it can't be read. */
type Stretch = { readonly said: string; readonly next: number } | { readonly why: string };

function readSingleQuoted(text: string, start: number): Stretch {
  const end = text.indexOf("'", start + 1);
  return end < 0
    ? { why: `the ' at character ${start + 1} is never closed` }
    : { said: text.slice(start + 1, end), next: end + 1 };
}

function readDoubleQuoted(text: string, start: number): Stretch {
  let said = '';
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charAt(at);
    const following = text.charAt(at + 1);
    if (char === '"') return { said, next: at + 1 };
    // A shell acts on these between double quotes too; whoever means them as they are has single quotes.
    if (char === '`' || (char === '$' && following === '('))
      return { why: `${char === '$' ? '$(' : char}: ${NO_SHELL}` };
    if (char !== '\\') said += char;
    else if (following === '\n') at++;
    else if (following !== '' && '"\\$`'.includes(following)) said += text.charAt(++at);
    else said += char;
  }
  return { why: `the " at character ${start + 1} is never closed` };
}

function readBare(text: string, at: number): Stretch {
  const char = text.charAt(at);
  const following = text.charAt(at + 1);
  if (char === "'") return readSingleQuoted(text, at);
  if (char === '"') return readDoubleQuoted(text, at);
  if (char === '\\' && following === '') return { why: 'nothing follows the last backslash' };
  if (char === '\\') return { said: following === '\n' ? '' : following, next: at + 2 };
  if (char === '\n') return { why: `a second line: ${NO_SHELL}` };
  if ('|><&;`()'.includes(char)) return { why: `${char}: ${NO_SHELL}` };
  if (char === '$' && following === '(') return { why: `$(: ${NO_SHELL}` };
  return { said: char, next: at + 1 };
}

/**
 * Splits a command into words as a shell would, but runs none: spaces and tabs part words; `'…'` is taken as it is; between
 * `"…"` and outside quotes a backslash takes the next character as it is. `$NAME` and globs are left alone; whatever only
 * a shell can do is an error, and so is a NUL, which no argument can hold. No words is no error.
 */
export function splitWords(text: string): Result<string[], string> {
  const command = text.replace(/^\s+/, '');
  const end = command.trimEnd().length;
  const fail = (why: string): Result<string[], string> =>
    err(`cannot split ${quoted(command.trimEnd())} into words: ${why}`);
  if (command.includes('\0')) return fail('it holds a NUL character');
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < command.length; ) {
    const char = command.charAt(at);
    if (char === ' ' || char === '\t' || (at >= end && /\s/.test(char))) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
      continue;
    }
    if (char === '\\' && command.charAt(at + 1) === '\n') {
      at += 2; // a continued line
      continue;
    }
    const stretch = readBare(command, at);
    if ('why' in stretch) return fail(stretch.why);
    word = (word ?? '') + stretch.said;
    at = stretch.next;
  }
  if (word !== undefined) words.push(word);
  return ok(words);
}

function quoteWord(word: string): string {
  if (/^[\w@%+=:,./{}$~*?^-]+$/.test(word)) return word;
  if (word.includes("'") && !/["\\$`]/.test(word)) return `"${word}"`;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Writes words as one line for display, quoted where needed, so that splitWords gives them back. */
export function joinWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}
