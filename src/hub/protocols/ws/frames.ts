import { err, ok, type Result } from '../../../core/result.ts';
import type { ActionError } from '../../server/session.ts';

export type Frame = Readonly<Record<string, unknown>>;

/** Closing codes of our own; RFC 6455 leaves 4000 to 4999 to applications. */
export const CLOSE = {
  ends: 1001,
  internal: 1011,
  invalid: 4400,
  denied: 4401,
  late: 4408,
  slow: 4413,
  many: 4429,
} as const;

/** A text frame as an object. The error is a clause. */
export function readFrame(data: Buffer): Result<Frame, string> {
  let value: unknown;
  try {
    value = JSON.parse(data.toString('utf8'));
  } catch {
    return err('it is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return err('it is no JSON object');
  return ok(value as Frame);
}

export function successFrame(version: 1 | 2, frame: Frame, body: Frame): Frame {
  const { action, id } = frame;
  if (version === 1) return { success: true, action, ...body };
  return { ...body, action, ...(id === undefined ? {} : { id }), success: true };
}

export function errorFrame(version: 1 | 2, frame: Frame, error: ActionError): Frame {
  const action = typeof frame['action'] === 'string' ? { action: frame['action'] } : {};
  if (version === 1) return { success: false, ...action, comment: error.message };
  const { code, message, retryAfterMs } = error;
  const id = frame['id'] === undefined ? {} : { id: frame['id'] };
  const retry = retryAfterMs === undefined ? {} : { retryAfter: Math.ceil(retryAfterMs) };
  return { ...action, ...id, success: false, error: { code, message, ...retry } };
}

/** To somebody of whom it is not known yet which form he speaks. */
export function eitherErrorFrame(code: string, message: string): Frame {
  return { success: false, comment: message, error: { code, message } };
}

/** Why a frame is no request, as a clause. What is given back with the answer has to be small. */
export function invalidIn({ action, id }: Frame): string | undefined {
  if (typeof action !== 'string') return 'it has no action';
  if (action.length > 100) return 'its action is too long';
  const isSmall = id === undefined || id === null || typeof id === 'number' || typeof id === 'string';
  if (!isSmall || (typeof id === 'string' && id.length > 200)) return 'its id is no number and no short text';
  return undefined;
}
