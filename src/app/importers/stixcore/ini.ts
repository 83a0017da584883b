import type { Diagnostic } from '../../../core/diagnostics.ts';
import { err, ok, type Result } from '../../../core/result.ts';
import { didYouMean } from '../../../core/suggest.ts';
import { mistake } from '../foreign.ts';

/** One option as it is written, and where. */
export interface Written {
  /** Lines that go on with it are joined by newlines. */
  readonly value: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Options by section and by name in small letters. */
export type Sections = Map<string, Map<string, Written>>;

const DEFAULTS = 'DEFAULT';
/** configparser.MAX_INTERPOLATION_DEPTH. */
const DEEPEST = 10;

/**
 * Reads text as Python's ConfigParser does by default (Lib/configparser.py): `=` and `:`, comments of whole lines that begin with `#` or
 * `;`, lines that are indented deeper go on with their option; strict: nothing twice. What an earlier file says is replaced, key by key.
 */
export function readIni(text: string, file: string, into: Sections, diagnostics: Diagnostic[]): void {
  const seen = new Set<string>();
  const wrong = (line: number, why: string, column = 1): void => {
    diagnostics.push(mistake(file, why, { line, column }));
  };
  let section: Map<string, Written> | undefined;
  let title = '';
  let option: string | undefined;
  let indent = 0;
  let blank = 0;
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const content = line.trim();
    if (/^[#;]/.test(content)) continue;
    if (content === '') {
      blank++;
      continue;
    }
    const depth = line.length - line.trimStart().length;
    const open = option === undefined ? undefined : section?.get(option);
    if (open !== undefined && option !== undefined && depth > indent) {
      // Empty lines within a value are part of it.
      section?.set(option, { ...open, value: `${open.value}\n${'\n'.repeat(blank)}${content}` });
      blank = 0;
      continue;
    }
    blank = 0;
    indent = depth;
    option = undefined;
    const header = /^\[(.+)\]/.exec(content)?.[1];
    if (header !== undefined) {
      if (header !== DEFAULTS && seen.has(`[${header}]`))
        wrong(index + 1, `cannot read [${header}] twice in one file`, depth + 1);
      seen.add(`[${header}]`);
      title = header;
      section = into.get(header) ?? new Map();
      into.set(header, section);
      continue;
    }
    const [head, spelled = ''] = /^(.*?)\s*[=:]\s*/.exec(content) ?? [];
    if (section === undefined)
      wrong(index + 1, 'cannot read what stands before the first [section]', depth + 1);
    else if (head === undefined || spelled === '')
      wrong(index + 1, 'cannot read this line: write NAME = VALUE', depth + 1);
    else {
      option = spelled.toLowerCase();
      const id = `${title}\n${option}`;
      if (seen.has(id)) wrong(index + 1, `cannot read ${spelled} twice in [${title}]`, depth + 1);
      seen.add(id);
      const at = { file, line: index + 1, column: depth + head.length + 1 };
      section.set(option, { value: content.slice(head.length).trim(), ...at });
    }
  }
}

/** An option, of its section or of [DEFAULT]. */
export function written(sections: Sections, section: string, key: string): Written | undefined {
  return sections.get(section)?.get(key) ?? sections.get(DEFAULTS)?.get(key);
}

/**
 * The value of an option, with `%(name)s` of the same section or of [DEFAULT] and `%%` as BasicInterpolation has them. The error names
 * what is wrong, never the value.
 */
export function interpolated(
  sections: Sections,
  section: string,
  value: string,
  depth = 0,
): Result<string, string> {
  if (depth > DEEPEST)
    return err(`it goes on with other values more than ${DEEPEST} times; does it lead back to itself?`);
  let text = '';
  for (let rest = value; rest !== ''; ) {
    const at = rest.indexOf('%');
    if (at === -1) return ok(text + rest);
    text += rest.slice(0, at);
    rest = rest.slice(at);
    const [whole, name = ''] = /^%(?:%|\(([^)]+)\)s)/.exec(rest) ?? [];
    if (whole === undefined) return err('a single % stands for nothing: write %%');
    rest = rest.slice(whole.length);
    if (whole === '%%') {
      text += '%';
      continue;
    }
    const other = written(sections, section, name.toLowerCase());
    if (other === undefined) return err(unknown(sections, section, name));
    const inner = interpolated(sections, section, other.value, depth + 1);
    if (!inner.ok) return inner;
    text += inner.value;
  }
  return ok(text);
}

function unknown(sections: Sections, section: string, name: string): string {
  const known = [...(sections.get(section)?.keys() ?? []), ...(sections.get(DEFAULTS)?.keys() ?? [])];
  return `there is no ${name} in [${section}]${didYouMean(name, known)}`;
}
