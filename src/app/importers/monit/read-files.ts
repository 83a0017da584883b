import { globSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../../../core/diagnostics.ts';
import { mistake, readForeign } from '../foreign.ts';
import { isWord, readTokens, type Token } from './tokens.ts';

const MOST_FILES = 1024;

/** The tokens of a control file with all that it includes, where it does so. */
export function readFiles(
  file: string,
  diagnostics: Diagnostic[],
): { readonly tokens: readonly Token[]; readonly notes: readonly string[] } {
  const notes: string[] = [];
  const read = new Set<string>();
  const readOne = (path: string): readonly Token[] => {
    const whole = resolve(path);
    if (read.has(whole)) return [];
    read.add(whole);
    const text = readForeign(path);
    if (!text.ok) {
      diagnostics.push(text.error);
      return [];
    }
    const tokens = readTokens(text.value, path, diagnostics);
    return tokens.flatMap((token, index) => {
      const before = tokens[index - 1];
      if (isWord(token, 'include') && startsStatement(tokens, index)) return [];
      return isWord(before, 'include') && startsStatement(tokens, index - 1) ? included(token) : [token];
    });
  };
  const included = (pattern: Token): readonly Token[] => {
    const found = globSync(resolve(dirname(resolve(pattern.file)), pattern.text))
      .filter((each) => statSync(each, { throwIfNoEntry: false })?.isDirectory() === false)
      .sort();
    if (found.length === 0)
      notes.push(`no file matches ${pattern.text} of \`include\` (line ${pattern.line})`);
    if (read.size + found.length > MOST_FILES) {
      diagnostics.push(
        mistake(pattern.file, `cannot include ${found.length} files`, { line: pattern.line, column: 1 }),
      );
      return [];
    }
    return found.flatMap(readOne);
  };
  return { tokens: readOne(file), notes };
}

/** `include` is a statement unless it stands where a value does. */
function startsStatement(tokens: readonly Token[], index: number): boolean {
  return (
    tokens[index + 1] !== undefined &&
    !isWord(tokens[index - 1], 'group', 'request', 'protocol', 'as', 'uid', 'gid')
  );
}
