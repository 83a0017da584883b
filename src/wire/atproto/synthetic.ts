import { encodeFrame, type FrameContent } from './encode-frame.ts';
import { createRandom, type Random } from './random.ts';
import { createStamper, type Stamper } from './restamp.ts';
import { makeDid, makeHandle, makeNodes, makeOp } from './synthetic-records.ts';
import { tidOf } from './tid.ts';

export interface Synthesizer {
  next(): { readonly seq: number; readonly frame: Uint8Array };
}

export interface SynthesizerOptions {
  /** The same seed, times and start give the same frames. */
  readonly seed: number;
  /** The time of the next event, milliseconds since 1970. */
  readonly time: () => number;
  readonly startSeq: number;
}

interface Account {
  readonly did: string;
  /** Revision of its last commit. */
  rev: string | null;
}

interface Body {
  readonly account: Account;
  readonly stamp: Stamper;
  readonly hasRev: boolean;
}

const ACCOUNTS = 300;
/** Bodies in use: making one costs 50 times as much as stamping one (its blocks are hashed). */
const BODIES = 512;
/** Once all bodies are there, each so many frames one is made anew, so that the content keeps changing. */
const RENEW_EVERY = 128;
const STATUSES = ['takendown', 'suspended', 'deleted', 'deactivated', 'desynchronized', 'throttled'];

/** Makes believable frames without end: what a relay sends, with made-up accounts and content, and true CIDs. */
export function createSynthesizer(options: SynthesizerOptions): Synthesizer {
  const random = createRandom(options.seed);
  const accounts = Array.from({ length: ACCOUNTS }, () => makeAccount(random));
  const bodies: Body[] = [];
  let seq = options.startSeq - 1;
  let lastMicros = 0;
  let clock = { ms: Number.NaN, text: '' };

  const pickBody = (ms: number): Body => {
    if (bodies.length < BODIES) {
      const body = makeBody(random, random.pick(accounts), ms);
      bodies.push(body);
      return body;
    }
    const index = random.int(BODIES);
    if (seq % RENEW_EVERY === 0) bodies[index] = makeBody(random, random.pick(accounts), ms);
    return bodies[index] as Body;
  };

  return {
    next() {
      const ms = options.time();
      if (ms !== clock.ms) clock = { ms, text: new Date(ms).toISOString() };
      lastMicros = Math.max(lastMicros + 1, ms * 1000);
      seq++;
      const { account, stamp, hasRev } = pickBody(ms);
      const rev = tidOf(lastMicros, 0);
      const frame = stamp({ seq, time: clock.text, rev, since: account.rev });
      if (hasRev) account.rev = rev;
      return { seq, frame };
    },
  };
}

function makeAccount(random: Random): Account {
  // Some accounts are new: their first commit has no `since`.
  const rev = random.chance(90) ? tidOf(1_700_000_000_000_000 + random.int(1e15 / 100), 0) : null;
  return { did: makeDid(random), rev };
}

function makeBody(random: Random, account: Account, ms: number): Body {
  const content = makeContent(random, account.did, ms);
  const stamp = createStamper(encodeFrame(content));
  if (stamp === undefined) throw new Error(`cannot happen: a ${content.kind} frame without seq`);
  return { account, stamp, hasRev: content.kind === 'commit' || content.kind === 'sync' };
}

/** The content of a frame; its stamped fields are filled in later. */
function makeContent(random: Random, did: string, ms: number): FrameContent {
  const sequence = { seq: 1, did, time: '' };
  switch (random.int(100)) {
    case 0:
      return { kind: 'identity', ...sequence, ...(random.chance(80) && { handle: makeHandle(random) }) };
    case 1: {
      const active = random.chance(40);
      return { kind: 'account', ...sequence, active, ...(!active && { status: random.pick(STATUSES) }) };
    }
    case 2:
      return { kind: 'sync', ...sequence, rev: '' };
    default: {
      const ops = Array.from({ length: random.chance(5) ? 2 + random.int(4) : 1 }, () => makeOp(random, ms));
      // A commit names a record only once.
      const unique = [...new Map(ops.map((op) => [op.path, op])).values()];
      return { kind: 'commit', ...sequence, rev: '', since: null, ops: unique, nodes: makeNodes(random) };
    }
  }
}
