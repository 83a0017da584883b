import { basename } from 'node:path';
import { looksSecret, secretNotes } from '../secrets.ts';
import type { Statement } from './statements.ts';
import { isWord, type Token } from './tokens.ts';

const LONGEST = 160;
/** The word behind these is one that nobody else should read. */
const BEFORE_SECRETS = ['password', 'secret', 'allow', 'send', 'pemfile', 'clientpemfile'];

/** `line 12 of nginx.conf`; the main file is not named. */
export function placeOf(
  { file, line }: { readonly file: string; readonly line: number },
  main: string,
): string {
  return file === main ? `line ${line}` : `line ${line} of ${basename(file)}`;
}

/** A statement on one line, as a comment may quote it: without what looks like a secret. */
export function shownStatement({ tokens }: Statement): string {
  const words = tokens.map((token, index) => shownToken(token, tokens[index - 1]));
  const text = words.join(' ').replace(/\s+/g, ' ');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function shownToken({ text, kind }: Token, before: Token | undefined): string {
  const isSecret =
    isWord(before, ...BEFORE_SECRETS) ||
    looksSecret('', text) ||
    secretNotes([text]).length > 0 ||
    isUrlWithUser(text);
  if (kind === 'block') return isWord(before, 'headers', 'options') ? '{…}' : `{ ${text.trim()} }`;
  const said = isSecret ? '…' : text;
  return kind === 'string' ? `"${said}"` : said;
}

function isUrlWithUser(text: string): boolean {
  return /^[a-z]+:\/\/[^/]*@/i.test(text);
}
