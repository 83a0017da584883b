import { err, ok, type Result } from '../../../core/result.ts';

/** A word, or a sign that stands alone. */
type Token = string;

interface Form {
  /** Characters of which words are made outside of quotes; undefined: all that are no blanks. */
  readonly word: RegExp | undefined;
  /** Whether `#` begins a comment. */
  readonly comments: boolean;
}

/** Splits as Python's shlex does in POSIX mode (Lib/shlex.py): quotes, backslashes, no variables, no operators. */
function tokens(text: string, { word, comments }: Form): Result<Token[], string> {
  const found: Token[] = [];
  let current: string | undefined;
  const end = (): void => {
    if (current !== undefined) found.push(current);
    current = undefined;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (/[ \t\r\n]/.test(char)) end();
    else if (char === '#' && comments) {
      end();
      const line = text.indexOf('\n', at);
      at = line < 0 ? text.length : line;
    } else if (char === '\\') {
      if (at + 1 >= text.length) return err('nothing follows the last backslash');
      current = (current ?? '') + text.charAt(++at);
    } else if (char === '"' || char === "'") {
      const quoted = readQuoted(text, at);
      if (quoted === undefined) return err(`the ${char} at character ${at + 1} is never closed`);
      current = (current ?? '') + quoted.said;
      at = quoted.last;
    } else if (word === undefined || word.test(char)) current = (current ?? '') + char;
    else {
      end();
      found.push(char);
    }
  }
  end();
  return ok(found);
}

/** Between `"…"` a backslash only takes `"` and itself; between `'…'` nothing. */
function readQuoted(
  text: string,
  start: number,
): { readonly said: string; readonly last: number } | undefined {
  const quote = text.charAt(start);
  let said = '';
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === quote) return { said, last: at };
    const next = text.charAt(at + 1);
    if (char === '\\' && quote === '"' && (next === '"' || next === '\\')) said += text.charAt(++at);
    else said += char;
  }
  return undefined;
}

/** A command's words, as `shlex.split` gives them. */
export function splitCommand(text: string): Result<string[], string> {
  return tokens(text, { word: undefined, comments: false });
}

/** Letters as shlex counts them, and what supervisord adds (supervisor/datatypes.py: dict_of_key_value_pairs). */
const WORD = /[\wßà-öø-ÿÀ-ÖØ-Þ/.+\-():]/;

/** `KEY=value,KEY2="value, too"`: what stands between the pairs is not looked at, as supervisord has it. */
export function readPairs(text: string): Result<Record<string, string>, string> {
  const found = tokens(text, { word: WORD, comments: true });
  if (!found.ok) return found;
  const pairs: Record<string, string> = {};
  for (let at = 0; at < found.value.length; at += 4) {
    const [name, equals, value, comma] = found.value.slice(at, at + 4);
    if (name === undefined || equals !== '=' || value === undefined)
      return err(
        `pair ${at / 4 + 1} is no NAME="value"; quote a value that has other signs than letters, digits and _/.+-():`,
      );
    if (comma !== undefined && !/^[,;]$/.test(comma))
      return err(`the value of ${name} goes on behind its end: quote it`);
    pairs[name] = value;
  }
  return ok(pairs);
}
