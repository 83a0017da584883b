import { type BeatWord, MOST_CODE, RID, RID_FORM, type Signal, wordOf } from './beat.ts';

/** What a request asks for, but for its message. */
export interface BeatRequest {
  readonly token: string;
  readonly signal: Omit<Signal, 'message'>;
}

/** Why a request cannot be one: its status, and a line for whoever sent it. */
export interface BadRequest {
  readonly status: 400 | 404 | 405;
  readonly text: string;
}

const PATH = /^\/beat\/([A-Za-z0-9_-]{1,64})(?:\/([A-Za-z0-9]{1,10}))?$/;
const METHODS = ['GET', 'HEAD', 'POST'];
const WORDS: readonly BeatWord[] = ['success', 'start', 'fail', 'log'];

/**
 * Reads a request as https://healthchecks.io/docs/http_api/ has it: `GET|HEAD|POST /beat/TOKEN[/start|/fail|/log|/CODE][?rid=ID]`;
 * `/success` may be said, too.
 */
export function readBeatRequest(method: string, target: string): BeatRequest | BadRequest {
  if (!METHODS.includes(method)) return { status: 405, text: 'only GET, HEAD and POST are known here' };
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  const [, token, last] = PATH.exec(path) ?? [];
  const how = token === undefined ? undefined : readHow(last);
  if (token === undefined || how === undefined) return { status: 404, text: 'not found' };
  if (how.code !== null && how.code > MOST_CODE)
    return { status: 400, text: `an exit code is 0 to ${MOST_CODE}` };
  const rid = question === -1 ? '' : (new URLSearchParams(target.slice(question)).get('rid') ?? '');
  if (rid !== '' && !RID.test(rid)) return { status: 400, text: `a rid has ${RID_FORM}` };
  return { token, signal: { ...how, rid } };
}

function readHow(last: string | undefined): Pick<Signal, 'word' | 'code'> | undefined {
  if (last === undefined) return { word: 'success', code: null };
  const word = WORDS.find((each) => each === last);
  if (word !== undefined) return { word, code: null };
  const code = /^\d{1,9}$/.test(last) ? Number(last) : undefined;
  return code === undefined ? undefined : { word: wordOf(code), code };
}
