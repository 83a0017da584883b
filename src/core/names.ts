import { compilePattern, type Pattern } from './pattern.ts';
import { err, ok, type Result } from './result.ts';
import { parseStrictly } from './template.ts';

/** Patterns of names, of which the first that fits counts. */
export interface Names {
  /** Every capture that any of them makes. */
  readonly captures: readonly string[];
  /** Captures that each of them always makes. */
  readonly sure: readonly string[];
  /** What the captures took of a name; undefined where no pattern fits. */
  read(path: string): Readonly<Record<string, string>> | undefined;
}

interface OneName {
  readonly pattern: Pattern;
  readonly captures: readonly string[];
  readonly isPath: boolean;
}

/**
 * Compiles patterns such as `solo_{level}_{day}{suffix?}.*`, in which `{name}` takes as little as fits, one character or more but no
 * slash, `{name?}` also nothing, and `*` anything but a slash; or regular expressions between slashes with named groups. A pattern with a slash in it is one of a whole path, any other
 * of a base name. No patterns fit everything. The error is a whole sentence.
 * @param shapes what captures of a name take instead, as regular expressions: `{ version: '[0-9]+' }`.
 */
export function compileNames(
  patterns: readonly string[],
  shapes: Readonly<Record<string, string>> = {},
): Result<Names, string> {
  const all: OneName[] = [];
  for (const text of patterns) {
    const one = compileName(text, shapes);
    if (!one.ok) return one;
    all.push(one.value);
  }
  const captures = [...new Set(all.flatMap((one) => one.captures))];
  // A group of a regular expression that took nothing is empty.
  const nothing = Object.fromEntries(captures.map((name) => [name, '']));
  return ok({
    captures,
    sure: captures.filter((name) => all.every((one) => one.captures.includes(name))),
    read(path) {
      if (all.length === 0) return {};
      const base = path.slice(path.lastIndexOf('/') + 1);
      for (const { pattern, isPath } of all) {
        const found = pattern.groups(isPath ? path : base);
        if (found !== undefined) return { ...nothing, ...found };
      }
      return undefined;
    },
  });
}

function compileName(text: string, shapes: Readonly<Record<string, string>>): Result<OneName, string> {
  const written = /^\/(.+)\/$/s.exec(text)?.[1];
  const source = written === undefined ? sourceOf(text, shapes) : ok(written);
  if (!source.ok) return source;
  const pattern = compilePattern(source.value, 's');
  if (!pattern.ok) return err(`cannot use ${JSON.stringify(text)} as a pattern of names: ${pattern.error}`);
  const isPath = written === undefined ? text.includes('/') : /\\?\//.test(written);
  return ok({ pattern: pattern.value, captures: pattern.value.names, isPath });
}

function sourceOf(text: string, shapes: Readonly<Record<string, string>>): Result<string, string> {
  const template = parseStrictly(text);
  if (!template.ok) return template;
  const seen = new Set<string>();
  let source = '';
  for (const part of template.value) {
    if (typeof part === 'string') {
      source += part.replace(/[.+?^${}()|[\]\\/]/g, '\\$&').replaceAll('*', '[^/]*');
      continue;
    }
    if (seen.has(part.name))
      return err(`cannot use ${JSON.stringify(text)} as a pattern of names: it has {${part.name}} twice`);
    seen.add(part.name);
    const shape = Object.hasOwn(shapes, part.name) ? shapes[part.name] : undefined;
    source += `(?<${part.name}>${shape ?? (part.isOptional ? '[^/]*?' : '[^/]+?')})`;
  }
  return ok(`^${source}$`);
}
