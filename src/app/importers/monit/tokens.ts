import type { Diagnostic } from '../../../core/diagnostics.ts';
import { mistake } from '../foreign.ts';

/** A piece of a control file of Monit. */
export interface Token {
  /** Without its quotes; of a block what stands between the braces or brackets. */
  readonly text: string;
  readonly kind: 'word' | 'string' | 'block';
  readonly file: string;
  readonly line: number;
}

/** Tried in this order at each place. A string knows no escapes, and may go over lines. */
const SPACE = /[\s,;]+/y;
const COMMENT = /#[^\n]*/y;
const STRING = /"([^"]*)"|'([^']*)'/y;
const BLOCK = /\{([^}]*)\}|\[([^\]]*)\]/y;
const WORD = /(?:[<>!=]=|[<>=])(?=["'\s\d])|[^\s"'{},;[\]]+|[[\]{}]/y;

/** Splits a control file into tokens. A quote that is never closed is a mistake: nobody knows what stands behind it. */
export function readTokens(text: string, file: string, diagnostics: Diagnostic[]): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  const take = (form: RegExp): RegExpExecArray | null => {
    form.lastIndex = at;
    const found = form.exec(text);
    if (found !== null) at += found[0].length;
    return found;
  };
  const lines = (part: string): number => part.split('\n').length - 1;
  while (at < text.length) {
    const space = take(SPACE);
    if (space !== null) {
      line += lines(space[0]);
      continue;
    }
    if (take(COMMENT) !== null) continue;
    const string = take(STRING);
    const block = string === null ? take(BLOCK) : null;
    const found = string ?? block;
    if (found !== null) {
      const kind = string === null ? 'block' : 'string';
      tokens.push({ text: found[1] ?? found[2] ?? '', kind, file, line });
      line += lines(found[0]);
      continue;
    }
    const word = take(WORD);
    if (word === null) {
      diagnostics.push(mistake(file, 'cannot read on: this quote is never closed', { line, column: 1 }));
      return tokens;
    }
    tokens.push({ text: word[0], kind: 'word', file, line });
  }
  return tokens;
}

/** Whether a token is one of these words of the language, in any case. */
export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === 'word' && words.includes(token.text.toLowerCase());
}
