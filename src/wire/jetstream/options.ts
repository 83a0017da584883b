import { asError, err, ok, type Result } from '../../core/result.ts';

/** What a reader of Jetstream v1 can ask for, in the address or in an `options_update` message. */
export interface SubscriberOptions {
  /** NSIDs, or beginnings of them as `app.bsky.*`; empty: all. Identity and account events come anyway. */
  readonly wantedCollections: readonly string[];
  /** Empty: all. */
  readonly wantedDids: readonly string[];
  /** Longer messages are left out by the server; 0: none. */
  readonly maxMessageSizeBytes: number;
}

const MOST_COLLECTIONS = 100;
const MOST_DIDS = 10_000;
/** Of a message from a reader. */
export const MOST_UPDATE_BYTES = 10_000_000;
/** Cursors below it are numbers of a version 2 server, from it on they are microseconds since 1970. */
export const LEAST_TIME_CURSOR = 1_000_000_000_000_000;

/** An NSID (atproto.com/specs/nsid). */
const NSID =
  /^[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+\.[a-zA-Z][a-zA-Z0-9]{0,62}$/;
/** A DID (atproto.com/specs/did). */
const DID = /^did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]$/;

/** What a server would refuse in these options. */
export function optionProblems(options: SubscriberOptions): string[] {
  const problems: string[] = [];
  const collections = new Set(options.wantedCollections);
  const dids = new Set(options.wantedDids);
  for (const name of collections) {
    if (!name.endsWith('.*') && !NSID.test(name))
      problems.push(
        `cannot ask for the collection ${JSON.stringify(name)}: write an NSID such as app.bsky.feed.post, or app.bsky.*`,
      );
  }
  for (const did of dids) {
    if (!DID.test(did))
      problems.push(`cannot ask for the DID ${JSON.stringify(did)}: write did:plc:… or did:web:…`);
  }
  if (collections.size > MOST_COLLECTIONS)
    problems.push(`cannot ask for ${collections.size} collections: servers take ${MOST_COLLECTIONS}`);
  if (dids.size > MOST_DIDS) problems.push(`cannot ask for ${dids.size} DIDs: servers take ${MOST_DIDS}`);
  return problems;
}

/** The options in an address. As servers do, takes a size that is no number for 0. */
export function readQuery(query: URLSearchParams): SubscriberOptions {
  const size = query.get('maxMessageSizeBytes') ?? '';
  return {
    wantedCollections: query.getAll('wantedCollections'),
    wantedDids: query.getAll('wantedDids'),
    maxMessageSizeBytes: /^\d+$/.test(size) && Number(size) < 2 ** 32 ? Number(size) : 0,
  };
}

/** Puts options into an address, instead of those that are there. */
export function writeQuery(query: URLSearchParams, options: SubscriberOptions): void {
  for (const name of ['wantedCollections', 'wantedDids', 'maxMessageSizeBytes']) query.delete(name);
  for (const name of options.wantedCollections) query.append('wantedCollections', name);
  for (const did of options.wantedDids) query.append('wantedDids', did);
  if (options.maxMessageSizeBytes > 0) query.set('maxMessageSizeBytes', String(options.maxMessageSizeBytes));
}

/** The message that sets options anew; with `requireHello=true` the server waits for the first one. */
export function encodeUpdate(options: SubscriberOptions): string {
  return JSON.stringify({ type: 'options_update', payload: options });
}

/** A reader's message: new options, or undefined for another type, which servers step over. */
export function decodeUpdate(text: string): Result<SubscriberOptions | undefined, string> {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch (thrown) {
    return err(`bad SubscriberSourcedMessage envelope: ${asError(thrown).message}`);
  }
  if (!isFields(message)) return err('bad SubscriberSourcedMessage envelope');
  if (message['type'] !== 'options_update') return ok(undefined);
  const { payload } = message;
  if (!isFields(payload)) return err('bad options_update payload');
  const wantedCollections = payload['wantedCollections'] ?? [];
  const wantedDids = payload['wantedDids'] ?? [];
  const size = payload['maxMessageSizeBytes'] ?? 0;
  if (!isTexts(wantedCollections) || !isTexts(wantedDids) || typeof size !== 'number') {
    return err('bad options_update payload');
  }
  return ok({ wantedCollections, wantedDids, maxMessageSizeBytes: Math.max(0, size) });
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
