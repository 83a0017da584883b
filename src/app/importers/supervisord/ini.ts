import type { Diagnostic } from '../../../core/diagnostics.ts';
import { mistake } from '../foreign.ts';

/** One option, and where its value begins. */
export interface IniOption {
  /** Continued lines are joined by newlines. */
  readonly value: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface IniSection {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** By name in small letters; of an option that is written twice the last. */
  readonly options: Map<string, IniOption>;
}

/** Sections by name, in the order of the text; of a section that is written twice the options come together. */
export type Ini = Map<string, IniSection>;

/** An inline comment begins with one of these, at the start of a line or behind a blank; so it is in quotes too. */
const COMMENT = /(?:^|\s)[;#]/;

/**
 * Reads text as supervisord does: Python's RawConfigParser with `=` and `:` as delimiters and inline comments of `;` and `#`,
 * not strict (Lib/configparser.py, supervisor/options.py: UnhosedConfigParser). A line that is indented deeper than its
 * option goes on with it. Adds to `ini`; every line that cannot be read is a mistake.
 */
export function readIni(text: string, file: string, ini: Ini, diagnostics: Diagnostic[]): void {
  let section: IniSection | undefined;
  let name: string | undefined;
  let indent = 0;
  let complained = false;
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const at = { line: index + 1, column: line.length - line.trimStart().length + 1 };
    const content = withoutComment(line).trim();
    if (content === '') continue;
    const option = name === undefined ? undefined : section?.options.get(name);
    if (section !== undefined && option !== undefined && name !== undefined && at.column - 1 > indent) {
      section.options.set(name, { ...option, value: `${option.value}\n${content}` });
      continue;
    }
    indent = at.column - 1;
    const [, header] = /^\[(.+)\]/.exec(content) ?? [];
    if (header !== undefined) {
      section = ini.get(header) ?? { name: header, file, line: at.line, options: new Map() };
      ini.set(header, section);
      name = undefined;
    } else if (section === undefined) {
      if (!complained)
        diagnostics.push(mistake(file, 'cannot read what stands before the first [section]', at));
      complained = true;
    } else {
      const found = readOption(content);
      name = found?.name;
      if (found === undefined) diagnostics.push(mistake(file, 'cannot read this line: write NAME=VALUE', at));
      else
        section.options.set(found.name, {
          value: found.value,
          file,
          line: at.line,
          column: at.column + found.offset,
        });
    }
  }
}

function withoutComment(line: string): string {
  if (/^\s*[;#]/.test(line)) return '';
  const start = COMMENT.exec(line);
  return start === null ? line : line.slice(0, start.index);
}

function readOption(content: string) {
  const [whole, spelled = ''] = /^(.*?)\s*[=:]\s*/.exec(content) ?? [];
  if (whole === undefined || spelled === '') return undefined;
  return { name: spelled.toLowerCase(), value: content.slice(whole.length).trim(), offset: whole.length };
}
