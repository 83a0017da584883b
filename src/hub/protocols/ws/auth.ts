import * as v from 'valibot';
import { err, ok, type Result } from '../../../core/result.ts';
import { visibleAgents } from '../../server/principal.ts';
import { CREDIT } from './batches.ts';
import type { CheckCredential, Credential } from './credentials.ts';
import { CLOSE, eitherErrorFrame, type Frame } from './frames.ts';
import { problemOf } from './requests.ts';

/** Somebody who was let in, and how he speaks. */
export interface Admission {
  readonly credential: Credential;
  readonly version: 1 | 2;
  /** The agent that is meant where a frame names none. */
  readonly agent: string | undefined;
  /** Of an agent that numbers its records: `NAME/SERIES`. */
  readonly series: string | undefined;
}

/** What somebody is told who is not let in; the connection closes then. */
export interface Rejection {
  readonly frame: Frame;
  readonly code: number;
  readonly reason: string;
}

const NAME = v.pipe(v.string('is no text'), v.maxLength(200, 'is too long'));

const AUTH = v.object({
  action: v.literal('auth', 'is not "auth"'),
  token: v.optional(v.unknown()),
  session: v.optional(v.unknown()),
  v: v.optional(v.picklist([1, 2], 'is neither 1 nor 2')),
  series: v.optional(
    v.pipe(
      v.string('is no text'),
      v.regex(/^[A-Za-z0-9._-]{1,64}$/, 'is not made of 1 to 64 of [A-Za-z0-9._-]'),
    ),
  ),
  wdcode: v.optional(NAME),
  agent: v.optional(NAME),
});

/** How somebody can say who he is. */
export interface Checks {
  readonly token: CheckCredential;
  /** Of a page of the hub itself, see createSessionCheck. */
  readonly session: CheckCredential;
}

/** The first frame of a connection. */
export function readAuth(frame: Frame, checks: Checks): Result<Admission, Rejection> {
  const asksForTwo = frame['v'] === 2;
  const parsed = v.safeParse(AUTH, frame, { abortEarly: true });
  if (!parsed.success) return err(invalid(`cannot let you in: ${problemOf(parsed.issues[0])}`, frame));
  const isPage = 'session' in frame;
  if (!isPage && !('token' in frame))
    return err(invalid('cannot let you in: there is no token in the frame', frame));
  if (isPage && ('token' in frame || !asksForTwo))
    return err(invalid('cannot let you in: a session is for version 2, and without a token', frame));
  const { token, session, v: version = 1, series, wdcode, agent = wdcode } = parsed.output;
  const checked = isPage ? checks.session(session) : checks.token(token);
  const deny = (comment: string, message: string): Result<never, Rejection> =>
    err(denied(asksForTwo, comment, message));
  if (!checked.ok) return deny(checked.error.comment, checked.error.message);
  const { principal } = checked.value;
  const seen = visibleAgents(principal);
  if (agent !== undefined && seen?.includes(agent) === false) {
    const message = `cannot let you in: "${agent}" is none of yours`;
    return deny(message, message);
  }
  if (version === 1 && seen?.length === 0) {
    const message = 'cannot let you in: no watchdog belongs to you';
    return deny(message, message);
  }
  if (series !== undefined && (version === 1 || principal.kind !== 'agent'))
    return err(invalid('cannot let you in: only agents have a series, and only in version 2', frame));
  return ok({
    credential: checked.value,
    version,
    agent: agent ?? (version === 1 || seen?.length === 1 ? seen?.[0] : undefined),
    series: series === undefined ? undefined : `${principal.name}/${series}`,
  });
}

function denied(isTwo: boolean, comment: string, message: string): Rejection {
  const frame = isTwo
    ? { action: 'auth', success: false, error: { code: 'denied', message } }
    : { success: false, action: 'auth', comment };
  return { frame, code: CLOSE.denied, reason: 'not let in' };
}

function invalid(message: string, { action }: Frame): Rejection {
  const named = action === 'auth' ? { action } : {};
  return {
    frame: { ...named, ...eitherErrorFrame('invalid', message) },
    code: CLOSE.invalid,
    reason: 'no auth',
  };
}

/** The answer to who is let in. @param timeout seconds @param last the number of the last record of its series that is stored */
export function welcome(
  { credential, version }: Admission,
  timeout: number,
  last: number | undefined,
): Frame {
  if (version === 1) return { success: true, action: 'auth', timeout };
  const { principal } = credential;
  const { kind, name } = principal;
  const who = { action: 'auth', success: true, v: 2, timeout, kind, name };
  if (principal.kind === 'user') return { ...who, role: principal.role, agents: principal.agents ?? null };
  return { ...who, ...(last === undefined ? {} : { last }), credit: CREDIT };
}
