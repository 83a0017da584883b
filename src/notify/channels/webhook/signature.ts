import { createHmac } from 'node:crypto';
import { err, ok, type Result } from '../../../core/result.ts';

/** What a request is signed with, and over. */
export interface Signing {
  readonly id: string;
  /** Wall milliseconds of the try. */
  readonly now: number;
  readonly body: string;
}

const PREFIX = 'whsec_';
/** As the specification has it: 24 to 64 bytes. */
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

/** Reads a signing secret: `whsec_` and 24 to 64 bytes in base64. The error does not show it. */
export function readSigningSecret(secret: string): Result<Buffer, string> {
  const form = `write ${PREFIX} and ${LEAST_BYTES} to ${MOST_BYTES} bytes in base64`;
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : undefined;
  if (text === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    return err(`cannot use the signing secret: ${form}`);
  const key = Buffer.from(text, 'base64');
  return key.length >= LEAST_BYTES && key.length <= MOST_BYTES
    ? ok(key)
    : err(`cannot use the signing secret: it has ${key.length} bytes; ${form}`);
}

/** A full stop parts what is signed: none may be in an id. */
export function webhookId(id: string): string {
  return id.replaceAll(/[^\w-]/g, '_');
}

/** The headers of Standard Webhooks 1.0 (github.com/standard-webhooks/standard-webhooks); signed where there is a key. */
export function webhookHeaders({ id, now, body }: Signing, key: Buffer | undefined): Record<string, string> {
  const shown = webhookId(id);
  const timestamp = String(Math.floor(now / 1000));
  const headers = { 'webhook-id': shown, 'webhook-timestamp': timestamp };
  if (key === undefined) return headers;
  const signature = createHmac('sha256', key).update(`${shown}.${timestamp}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}
