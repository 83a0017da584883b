import { ACTIONS, type Statement } from './statements.ts';
import { isWord, type Token } from './tokens.ts';

/** What is done when a test fails. */
export interface Action {
  readonly kind: 'alert' | 'restart' | 'start' | 'stop' | 'exec' | 'unmonitor';
  /** The command of `exec`. */
  readonly command?: string;
  readonly user?: string;
  readonly repeats?: boolean;
}

/** `if CONDITION [for N cycles] then ACTION [else …]`. */
export interface Test {
  readonly condition: readonly Token[];
  /** So many of the last so many cycles. */
  readonly times: number;
  readonly of: number;
  readonly action: Action;
  /** How many cycles end it, where that is said. */
  readonly okAfter?: number;
  /** Another action at its end than to tell of it. */
  readonly recovery?: Action;
}

/** `if 3 restarts within 5 cycles then ACTION`. */
export interface RestartLimit {
  readonly restarts: number;
  readonly cycles: number;
  readonly action: Action;
}

/** Takes an `if` statement apart; undefined where it cannot be read. */
export function readTest({ tokens }: Statement): Test | RestartLimit | undefined {
  const then = tokens.findIndex((token) => isWord(token, 'then'));
  if (then < 0) return undefined;
  const otherwise = tokens.findIndex((token, index) => index > then && isWord(token, 'else'));
  const end = otherwise < 0 ? tokens.length : otherwise;
  const action = readAction(tokens.slice(then + 1, end));
  if (action === undefined) return undefined;
  const { condition, times, of } = readTolerance(tokens.slice(1, then));
  const [first, second, ...more] = condition;
  if (isWord(second, 'restart', 'restarts') && /^\d+$/.test(first?.text ?? '')) {
    const cycles = more.length === 0 ? of : Number.NaN;
    return cycles >= 1 ? { restarts: Number(first?.text), cycles, action } : undefined;
  }
  const test = { condition, times, of, action };
  if (otherwise < 0) return test;
  const last = tokens.slice(otherwise + 1);
  const begin = last.findIndex((token) => isWord(token, ...ACTIONS));
  const recovery = begin < 0 ? undefined : readAction(last.slice(begin));
  if (recovery === undefined) return undefined;
  const ended = readTolerance(last.slice(0, begin).filter((token) => !isWord(token, 'then')));
  return {
    ...test,
    ...(ended.times > 1 ? { okAfter: ended.times } : {}),
    ...(recovery.kind === 'alert' ? {} : { recovery }),
  };
}

const BETWEEN = ['for', 'times', 'time', 'within', 'with', 'in', 'of'];

/** Takes `for 3 cycles` or `3 times within 5 cycles` from the end. */
function readTolerance(tokens: readonly Token[]): Pick<Test, 'condition' | 'times' | 'of'> {
  const number = (token: Token | undefined): number | undefined =>
    token?.kind === 'word' && /^\d{1,3}$/.test(token.text) ? Number(token.text) : undefined;
  const whole = { condition: tokens, times: 1, of: 1 };
  if (!isWord(tokens.at(-1), 'cycle', 'cycles')) return whole;
  const of = number(tokens.at(-2));
  if (of === undefined || of < 1) return whole;
  let end = tokens.length - 2;
  let isTimes = false;
  for (; isWord(tokens[end - 1], ...BETWEEN); end--) isTimes ||= isWord(tokens[end - 1], 'times', 'time');
  const times = number(tokens[end - 1]);
  if (!isTimes || times === undefined || times < 1 || times > of)
    return { condition: tokens.slice(0, end), times: of, of };
  for (end--; isWord(tokens[end - 1], ...BETWEEN); end--);
  return { condition: tokens.slice(0, end), times, of };
}

function readAction(tokens: readonly Token[]): Action | undefined {
  const [first, command, ...more] = tokens;
  const kind = ACTIONS.find((word) => isWord(first, word));
  if (kind === undefined) return undefined;
  if (kind === 'timeout') return { kind: 'unmonitor' };
  if (kind !== 'exec') return { kind: kind as Action['kind'] };
  if (command === undefined) return undefined;
  const uid = more.findIndex((token) => isWord(token, 'uid'));
  const user = uid < 0 ? undefined : more[uid + 1]?.text;
  const repeats = more.some((token) => isWord(token, 'repeat'));
  return {
    kind: 'exec',
    command: command.text,
    ...(user === undefined ? {} : { user }),
    ...(repeats ? { repeats } : {}),
  };
}
