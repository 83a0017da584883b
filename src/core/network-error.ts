import { errorCode } from './result.ts';

/** Why there is no connection, in words, for errors that speak of the other side. */
const THEIRS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  ETIMEDOUT: 'the network gave up waiting for it',
  EHOSTUNREACH: 'its host cannot be reached',
  EHOSTDOWN: 'its host is down',
  ENOENT: 'there is no such socket',
};

/** Errors of this machine, its network or its resolver: they say nothing of the other side. */
const OURS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved now',
  ENETUNREACH: 'there is no network to it',
  ENETDOWN: 'the network is down',
  EADDRNOTAVAIL: 'no local port or address is free',
  EMFILE: 'too many open files here',
  ENFILE: 'too many open files here',
  ENOMEM: 'out of memory here',
  EACCES: 'connecting is not permitted here',
  EPERM: 'connecting is not permitted here',
};

/** An error of a connection: whose fault it is, and why, as a clause. */
export interface NetworkTrouble {
  readonly side: 'theirs' | 'ours';
  readonly why: string;
}

/** The codes of an error of a connection: with several addresses Node gives all their errors; empty where it has none. */
export function networkCodes(error: unknown): readonly string[] {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  return errors.map((each) => errorCode(each) ?? '');
}

/** What an error of a connection says; undefined where it is none of the connection (a certificate, a protocol). */
export function networkTrouble(error: unknown): NetworkTrouble | undefined {
  return codesTrouble(networkCodes(error));
}

/** The same of its codes. Of several one that speaks of the other side weighs more. */
export function codesTrouble(codes: readonly string[]): NetworkTrouble | undefined {
  for (const [side, words] of [
    ['theirs', THEIRS],
    ['ours', OURS],
  ] as const) {
    const why = codes.map((code) => (Object.hasOwn(words, code) ? words[code] : undefined)).find(Boolean);
    if (why !== undefined) return { side, why };
  }
  return undefined;
}
