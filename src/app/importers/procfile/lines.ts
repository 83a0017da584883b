import type { Diagnostic } from '../../../core/diagnostics.ts';
import { didYouMean } from '../../../core/suggest.ts';
import { mistake } from '../foreign.ts';

export interface ProcfileLine {
  readonly name: string;
  readonly command: string;
  /** Counted from 1. */
  readonly line: number;
}

const MOST_OF_ONE = 256;
/** Heroku runs it once for each deployment. */
export const RELEASE = 'release';

/** `NAME: COMMAND`; empty lines and comments are passed over, all else is a mistake (foreman passes it over too). */
export function readLines(text: string, file: string, diagnostics: Diagnostic[]): ProcfileLine[] {
  const lines: ProcfileLine[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const place = { line: index + 1, column: 1 };
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name, command] = /^([A-Za-z0-9_-]+):\s*(\S.*)$/.exec(line) ?? [];
    if (name === undefined || command === undefined)
      diagnostics.push(mistake(file, 'cannot read this line: write NAME: COMMAND', place));
    else if (lines.some((other) => other.name === name))
      diagnostics.push(mistake(file, `cannot run ${name} twice: a name is there once`, place));
    else lines.push({ name, command: command.trim(), line: index + 1 });
  }
  if (lines.length === 0 && diagnostics.length === 0)
    diagnostics.push(mistake(file, `cannot import ${file}: it has no NAME: COMMAND`));
  return lines;
}

/** How many of each, by name: one, or what a formation such as `web=2,all=1` says; whom it does not name has none. */
export function readFormation(
  formation: string | undefined,
  lines: readonly ProcfileLine[],
  file: string,
  diagnostics: Diagnostic[],
): ReadonlyMap<string, number> {
  const names = lines.map(({ name }) => name);
  const counts = new Map<string, number>();
  for (const pair of (formation ?? 'all=1').split(',').map((each) => each.trim())) {
    const [, name, digits] = /^([A-Za-z0-9_-]+)=(\d{1,3})$/.exec(pair) ?? [];
    if (name === undefined || Number(digits) > MOST_OF_ONE)
      diagnostics.push(
        mistake(
          file,
          `cannot use ${JSON.stringify(pair)} of the formation: write NAME=COUNT, at most ${MOST_OF_ONE}`,
        ),
      );
    else if (name === 'all' || names.includes(name)) counts.set(name, Number(digits));
    else
      diagnostics.push(
        mistake(file, `cannot find ${name} of the formation in ${file}${didYouMean(name, names)}`),
      );
  }
  const others = counts.get('all') ?? 0;
  return new Map(names.map((name) => [name, counts.get(name) ?? (name === RELEASE ? 0 : others)]));
}
