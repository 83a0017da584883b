import { suggest } from '../../../core/suggest.ts';
import { isWord, type Token } from './tokens.ts';

/** A statement of a control file, from its first word to its last. */
export interface Statement {
  readonly tokens: readonly Token[];
  readonly file: string;
  readonly line: number;
}

/** `check TYPE NAME …` with all that belongs to it. */
export interface Check {
  /** `process`, `file`, …; in small letters. */
  readonly type: string;
  readonly name: string;
  /** The words behind the name. */
  readonly header: readonly Token[];
  readonly statements: readonly Statement[];
  readonly file: string;
  readonly line: number;
}

export interface ControlFile {
  /** `set …` and `include …`. */
  readonly global: readonly Statement[];
  readonly checks: readonly Check[];
  /** What begins with no word that Monit knows there. */
  readonly strays: readonly Statement[];
}

const TYPES = [
  'process',
  'file',
  'fifo',
  'filesystem',
  'device',
  'directory',
  'host',
  'system',
  'program',
  'network',
];
const STARTERS =
  'start stop restart if alert noalert every not depends depend group mode onreboot ignore'.split(' ');
/** Statements that are this word and one more, which may look as if it began another one. */
const OF_TWO = ['mode', 'onreboot', 'group'];

/** What a test can do. */
export const ACTIONS = ['alert', 'restart', 'start', 'stop', 'exec', 'unmonitor', 'timeout'] as const;

/** Puts tokens together; each of them is in exactly one statement, or the head of a check. */
export function readStatements(tokens: readonly Token[]): ControlFile {
  const global: Statement[] = [];
  const checks: Check[] = [];
  const strays: Statement[] = [];
  for (let at = 0; at < tokens.length; ) {
    const end = endOf(tokens, at + 1, (index) => beginsGlobal(tokens, index));
    const part = tokens.slice(at, end);
    at = end;
    const [first, type, name] = part;
    if (isWord(first, 'set', 'include')) global.push(statement(part));
    else if (isWord(first, 'check') && type !== undefined && name !== undefined)
      checks.push(readCheck(part, type.text.toLowerCase(), name.text));
    else strays.push(statement(part));
  }
  return { global, checks, strays };
}

function beginsGlobal(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  const next = tokens[index + 1];
  // `chek process x` must not be taken for the end of what stands before it.
  if (token?.kind === 'word' && token.line !== tokens[index - 1]?.line && isMisspelt(token.text)) return true;
  return isWord(token, 'set', 'include') || (isWord(token, 'check') && isWord(next, ...TYPES));
}

function isMisspelt(word: string): boolean {
  const small = word.toLowerCase();
  return small !== 'checksum' && small !== 'check' && suggest(small, ['check', 'include']) !== undefined;
}

function readCheck(part: readonly Token[], type: string, name: string): Check {
  const begin = endOf(part, 3, (index) => beginsStatement(part, index));
  const statements: Statement[] = [];
  for (let at = begin; at < part.length; ) {
    const end = endOfStatement(part, at);
    statements.push(statement(part.slice(at, end)));
    at = end;
  }
  const { file, line } = part[0] as Token;
  return { type, name, header: part.slice(3, begin), statements, file, line };
}

function beginsStatement(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  return isWord(token, 'not') ? isWord(tokens[index + 1], 'every') : isWord(token, ...STARTERS);
}

function endOfStatement(tokens: readonly Token[], at: number): number {
  if (isWord(tokens[at], 'if')) return endOfTest(tokens, at);
  const behind = isWord(tokens[at], 'not', ...OF_TWO) ? at + 2 : at + 1;
  return endOf(tokens, behind, (index) => beginsStatement(tokens, index));
}

/** `if TEST then ACTION [else [if …] [then] ACTION]`: its actions are words that would begin a statement elsewhere. */
function endOfTest(tokens: readonly Token[], at: number): number {
  const then = endOf(tokens, at + 1, (index) => isWord(tokens[index], 'then', 'if'));
  if (!isWord(tokens[then], 'then')) return then;
  let end = endOfAction(tokens, then + 1);
  if (!isWord(tokens[end], 'else')) return end;
  const behind = isWord(tokens[end + 1], 'if')
    ? endOf(tokens, end + 2, (index) => isWord(tokens[index], 'then', 'if'))
    : end;
  end = endOfAction(tokens, behind + 1);
  return end;
}

/** An action and what belongs to it: `exec "…" as uid x repeat every 3 cycles`. */
function endOfAction(tokens: readonly Token[], at: number): number {
  // A test without an action ends before the next one.
  if (!isWord(tokens[at], ...ACTIONS)) return at;
  let end = at + 1;
  while (end < tokens.length && !isWord(tokens[end], 'else')) {
    const isOwn = isWord(tokens[end], 'every') && isWord(tokens[end - 1], 'repeat');
    if (!isOwn && beginsStatement(tokens, end)) break;
    end++;
  }
  return Math.min(end, tokens.length);
}

function endOf(tokens: readonly Token[], from: number, isEnd: (index: number) => boolean): number {
  let end = from;
  while (end < tokens.length && !isEnd(end)) end++;
  return Math.min(end, tokens.length);
}

function statement(tokens: readonly Token[]): Statement {
  const { file, line } = tokens[0] as Token;
  return { tokens, file, line };
}
