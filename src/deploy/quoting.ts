/**
 * How text is written into unit files so that systemd reads back the very same text: systemd.syntax(7), systemd.service(5)
 * "Command lines", systemd.unit(5) "Specifiers". Unit files are lines: what has a line break can be written only where
 * systemd undoes C escapes.
 */

/** `%` begins a specifier everywhere. */
function withoutSpecifiers(text: string): string {
  return text.replaceAll('%', '%%');
}

const PLAIN_WORD = /^[A-Za-z0-9_@+=:,./%-]+$/;

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
};

/** A word of a list whose words systemd unquotes and unescapes: of ExecStart, of Environment. */
export function word(text: string): string {
  const escaped = withoutSpecifiers(text);
  if (PLAIN_WORD.test(escaped)) return escaped;
  const inner = escaped.replace(/[\\"]|[\u0000-\u001f\u007f]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return ESCAPES[character] ?? `\\x${code}`;
  });
  return `"${inner}"`;
}

/** A command line whose words reach the program as they are: nothing in them is looked up in the environment. */
export function commandLine(argv: readonly string[]): string {
  return argv.map((each) => word(each.replaceAll('$', '$$$$'))).join(' ');
}

/** An assignment of Environment=; its value may be anything but NUL. */
export function assignment(name: string, value: string): string {
  return word(`${name}=${value}`);
}

/** A path of a list of paths: its words are unquoted, but only the backslash and the quote can be escaped. */
export function listedPath(path: string): string {
  const escaped = withoutSpecifiers(path);
  return PLAIN_WORD.test(escaped) ? escaped : `"${escaped.replace(/[\\"]/g, '\\$&')}"`;
}

/** A path that is the whole value of a line, which is not unquoted. A slash behind it keeps a blank or a backslash at its end. */
export function barePath(path: string): string {
  return withoutSpecifiers(/[\s\\]$/.test(path) ? `${path}/` : path);
}

/** Text for people, on one line. A line with code points that are no characters is not UTF-8 to systemd (its utf8.c), and ignored. */
export function sentence(text: string): string {
  const known = text.replace(/\p{Noncharacter_Code_Point}/gu, '\ufffd');
  const line = known.replace(/[\u0000-\u001f\u007f\s]+/g, ' ').trim();
  return withoutSpecifiers(line.replace(/[\\\s]+$/, ''));
}

/** Whether a line can be in a unit file at all: one that is not UTF-8 to systemd is ignored. */
export function isWritable(line: string): boolean {
  return !/[\u0000-\u001f\u007f]|\p{Noncharacter_Code_Point}/u.test(line);
}

/** A span of time: `1s`, `1500ms`. @param ms milliseconds, whole. */
export function timeSpan(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
