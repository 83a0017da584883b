import type { Judgement } from '../kind.ts';
import { errorCode } from '../../core/result.ts';
import { bad, unknown } from './judgement.ts';

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

/** Errors of this machine, its network or its resolver: they say nothing of the service. */
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

/** An error of a connection, as it can be kept. */
export type Trouble = { readonly codes: readonly string[]; readonly message: string };

const LONGEST_MESSAGE = 300;

export function troubleOf(error: Error): Trouble {
  // With several addresses Node gives all their errors.
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const codes = errors.map((each) => errorCode(each) ?? '');
  return { codes, message: error.message.slice(0, LONGEST_MESSAGE) };
}

/** What an error of a connection to `where` says: bad where the other side is at fault, unknown where this one is. */
export function judgeTrouble({ codes, message }: Trouble, where: string): Judgement {
  // Of several errors one that speaks of the other side weighs more.
  const theirs = codes.find((code) => Object.hasOwn(THEIRS, code));
  if (theirs !== undefined) return bad(null, `cannot connect to ${where}: ${THEIRS[theirs]}`);
  const ours = codes.find((code) => Object.hasOwn(OURS, code));
  if (ours !== undefined) return unknown(`cannot connect to ${where}: ${OURS[ours]}`);
  return bad(null, `cannot use the answer of ${where}: ${message}`);
}
