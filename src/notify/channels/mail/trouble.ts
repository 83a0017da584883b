import { networkTrouble } from '../../../core/network-error.ts';
import { cleanLine, clip } from '../../rendering/clean.ts';

/** How far a conversation came. `sending` is from MAIL FROM on. */
export type Stage = 'connecting' | 'greeting' | 'login' | 'sending';

/** Why nothing was sent. */
export interface SmtpTrouble {
  /** A clause. */
  readonly why: string;
  readonly retry: boolean;
  /** It gave no answer: the connection ended, or the time was over. */
  readonly silent: boolean;
}

/** A recipient that the server does not take. */
export interface Refusal {
  readonly recipient: string;
  readonly reply: string;
  readonly retry: boolean;
}

/** What the library puts into its errors. */
interface SmtpError extends Error {
  readonly code?: string | undefined;
  /** The system's, where `code` is the library's. */
  readonly originalCode?: string | undefined;
  readonly response?: string | undefined;
  readonly responseCode?: number | undefined;
  readonly command?: string | undefined;
  readonly recipient?: string | undefined;
  readonly rejectedErrors?: readonly SmtpError[] | undefined;
}

const SHOWN = 300;

export function reply(text: string): string {
  return clip(cleanLine(text), SHOWN);
}

/**
 * The recipients that were refused, of an error or of a message that went to others. RFC 5321 has 4xx for later and 5xx for never,
 * but asks to read 552 after RCPT TO as 452, too many recipients (4.5.3.1.10).
 */
export function refusals({
  rejectedErrors = [],
}: {
  readonly rejectedErrors?: readonly SmtpError[] | undefined;
}): readonly Refusal[] {
  return rejectedErrors.map(({ recipient = '', response = '', responseCode = 0 }) => ({
    recipient,
    reply: reply(response),
    retry: responseCode < 500 || responseCode === 552,
  }));
}

/** Words for what was waited for in vain. */
export const TOO_LATE: Readonly<Record<Stage, string>> = {
  connecting: 'nobody answered in time',
  greeting: 'it did not end its greeting in time',
  login: 'it gave no answer to the login in time',
  sending: 'it did not take the message in time',
};

const LOST: Readonly<Record<Stage, string>> = {
  connecting: 'it closed the connection',
  greeting: 'it closed the connection during its greeting',
  login: 'it closed the connection during the login',
  sending: 'it closed the connection before it took the message',
};

/** What an error of a conversation says. */
export function smtpTrouble(thrown: unknown, stage: Stage): SmtpTrouble {
  const error = thrown as SmtpError;
  const { code, originalCode, response } = error;
  if (response !== undefined) return { ...answered(error, response, stage), silent: false };
  if (code === 'EMESSAGE') return { why: 'it takes no message of this size', retry: false, silent: false };
  const known = networkTrouble(originalCode === undefined ? thrown : { code: originalCode });
  if (known !== undefined) {
    const why = known.why === LOST.connecting ? LOST[stage] : known.why;
    return { why, retry: true, silent: true };
  }
  // The library's word for a connection that ended without an answer; all else (a certificate, no SMTP) says it itself.
  const ended = code === 'ECONNECTION' && originalCode === undefined;
  return { why: ended ? LOST[stage] : reply(error.message), retry: true, silent: true };
}

function answered(
  { command, responseCode }: SmtpError,
  response: string,
  stage: Stage,
): Pick<SmtpTrouble, 'why' | 'retry'> {
  const said = reply(response);
  if (command === 'STARTTLS') {
    const advice = 'with `tls: optional` it would be sent in the clear';
    return { why: `it does not encrypt (STARTTLS: ${said}); ${advice}`, retry: true };
  }
  if (responseCode === undefined) return { why: `it gave an answer that is no SMTP: ${said}`, retry: true };
  return { why: `${refusedWhat(stage)}: ${said}`, retry: responseCode < 500 };
}

function refusedWhat(stage: Stage): string {
  if (stage === 'login') return 'it refuses the login';
  return stage === 'sending' ? 'it refuses the message' : 'it refuses us';
}
