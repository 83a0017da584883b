/** A mistake of an operator, with its place. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** One line; starts with "cannot …" and names the value. */
  readonly message: string;
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 code units. */
  readonly column: number;
  /** What to do about it. */
  readonly hint?: string;
}

export interface DiagnosticFormat {
  /** The whole text of the file; with it the line is shown, a caret under the column. */
  readonly source?: string;
  readonly colour?: boolean;
}

const WIDEST_LINE = 120;

/** Control characters, and those that turn the direction of text, made visible: a config file must not steer the terminal that shows its mistakes. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\t]|\p{Bidi_Control}/gu, '\ufffd');
}

/** The source line and a line with the caret; a long line is shown around the column only. */
function excerpt(
  source: string,
  line: number,
  column: number,
): readonly [text: string, caret: string] | undefined {
  const whole = source.split('\n')[line - 1]?.replace(/\r$/, '');
  if (whole === undefined) return undefined;
  const at = Math.min(column - 1, whole.length);
  const from =
    whole.length <= WIDEST_LINE ? 0 : Math.max(0, Math.min(at - WIDEST_LINE / 2, whole.length - WIDEST_LINE));
  const to = Math.min(whole.length, from + WIDEST_LINE);
  const before = from > 0 ? '…' : '';
  const text = before + whole.slice(from, to) + (to < whole.length ? '…' : '');
  const caret = `${(before + whole.slice(from, at)).replace(/[^\t]/g, ' ')}^`;
  return [printable(text), caret];
}

/**
 * A diagnostic as compilers write them: `vahti.yaml:12:5: error: cannot …`, then the source line with a caret where the
 * source is given, then the hint. Lines are joined by `\n`, with none at the end.
 */
export function formatDiagnostic(
  diagnostic: Diagnostic,
  { source, colour = false }: DiagnosticFormat = {},
): string {
  const { severity, line, column, hint } = diagnostic;
  const paint = (code: string, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const accent = severity === 'error' ? '1;31' : '1;33';
  const place = paint('1', `${printable(diagnostic.file)}:${line}:${column}:`);
  const out = [`${place} ${paint(accent, `${severity}:`)} ${printable(diagnostic.message)}`];
  const shown = source === undefined ? undefined : excerpt(source, line, column);
  if (shown !== undefined) {
    const number = String(line).padStart(5);
    out.push(`${number} | ${shown[0]}`, `${' '.repeat(number.length)} | ${paint(accent, shown[1])}`);
  }
  if (hint !== undefined) out.push(`  ${paint('36', 'hint:')} ${printable(hint)}`);
  return out.join('\n');
}

/** A new list, by file, line and column; where they are equal, errors first. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted(
    (a, b) =>
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
      a.line - b.line ||
      a.column - b.column ||
      Number(a.severity === 'warning') - Number(b.severity === 'warning'),
  );
}

/** A config that can't be used; carries everything that was found, sorted. Its message is the first error and how many more there are. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const sorted = sortDiagnostics(diagnostics);
    const errors = sorted.filter((diagnostic) => diagnostic.severity === 'error');
    const first = errors[0] ?? sorted[0];
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    super(first === undefined ? 'cannot use this config' : formatDiagnostic(first).split('\n')[0] + more);
    this.diagnostics = sorted;
  }
}
