import { err, ok, type Result } from './result.ts';

/** A mistake in an environment file. */
export interface EnvFileMistake {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** After a backslash within "…" these stand for themselves; before any other character the backslash stays. */
const ESCAPED = '"\\`$';

/**
 * Reads `NAME=value` lines as systemd reads an EnvironmentFile= (systemd.exec(5)): `#` and `;` begin comments; a backslash
 * takes the next character as it is, and joins lines; `'…'` and `"…"` may go over several lines; blanks around a value do
 * not count. Nothing is expanded. Unlike there a line that cannot be read is a mistake. The last of two lines of one name counts.
 */
export function parseEnvFile(text: string): Result<Record<string, string>, EnvFileMistake> {
  const values: Record<string, string> = {};
  const source = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  let at = 0;
  let line = 1;
  while (at < source.length) {
    const newline = source.indexOf('\n', at);
    const end = newline === -1 ? source.length : newline;
    const written = source.slice(at, end);
    if (/^\s*([#;]|$)/.test(written)) {
      at = end + 1;
      line++;
      continue;
    }
    const equals = written.indexOf('=');
    const name = (equals === -1 ? written : written.slice(0, equals)).trim();
    if (equals === -1) return err({ line, message: 'no NAME=value' });
    if (!NAME.test(name)) return err({ line, message: `${JSON.stringify(name)} cannot name a variable` });
    const value = readValue(source, at + equals + 1);
    if (value === undefined) return err({ line, message: `the quotes of ${name} are not closed` });
    if (value.text.includes('\0')) return err({ line, message: `the value of ${name} has a NUL byte` });
    values[name] = value.text;
    line += source.slice(at, value.end).split('\n').length;
    at = value.end + 1;
  }
  return ok(values);
}

/** A value from an offset up to the newline that ends it; undefined where quotes are open at the end of the file. */
function readValue(
  source: string,
  from: number,
): { readonly text: string; readonly end: number } | undefined {
  let text = '';
  /** So much of the text stays when blanks at its end are cut: what was quoted or escaped. */
  let kept = 0;
  let at = from;
  for (; at < source.length && source[at] !== '\n'; at++) {
    const character = source[at] as string;
    if (character === "'" || character === '"') {
      const quoted = readQuoted(source, at);
      if (quoted === undefined) return undefined;
      text += quoted.text;
      kept = text.length;
      at = quoted.end;
    } else if (character === '\\') {
      at++;
      if (source[at] !== '\n') text += source[at] ?? '';
      kept = text.length;
    } else if (text !== '' || !/\s/.test(character)) text += character;
  }
  return { text: text.slice(0, kept) + text.slice(kept).trimEnd(), end: at };
}

/** What stands between the quote at an offset and the one that closes it. */
function readQuoted(
  source: string,
  from: number,
): { readonly text: string; readonly end: number } | undefined {
  const quote = source[from];
  let text = '';
  for (let at = from + 1; at < source.length; at++) {
    const character = source[at] as string;
    if (character === quote) return { text, end: at };
    if (character !== '\\' || quote === "'") {
      text += character;
      continue;
    }
    at++;
    const next = source[at] ?? '';
    if (next === '\n') continue;
    text += ESCAPED.includes(next) ? next : `\\${next}`;
  }
  return undefined;
}
