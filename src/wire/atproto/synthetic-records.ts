import { toBytes, toLink } from './dag.ts';
import type { OpContent } from './encode-frame.ts';
import { cidToText } from './json.ts';
import type { Random } from './random.ts';
import { tidOf } from './tid.ts';

/** Made-up records in the shapes of real ones. Nothing here comes from anybody's data. */

const WORDS = (
  'lake wind pine cloud harbour ferry lantern kettle granite birch snow summer morning tide heron ladder signal ' +
  'paper window copper meadow engine river stone coffee bicycle orchard thunder violin compass järvi yö ääni 湖 空 風 🌲 🚲 ☕'
).split(' ');
const LANGUAGES = [['en'], ['fi'], ['ja'], ['en', 'fi'], ['de']];
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** A did:plc, of random letters. */
export function makeDid(random: Random): string {
  return `did:plc:${random.text(24, BASE32)}`;
}

export function makeHandle(random: Random): string {
  return `${random.text(8, BASE32)}.example.org`;
}

const DAG_CBOR = 0x71;
const RAW = 0x55;

function makeCid(random: Random, codec: number): Uint8Array {
  const cid = random.bytes(36);
  cid.set([1, codec, 0x12, 32]);
  return cid;
}

function makeRkey(random: Random, ms: number): string {
  return tidOf(ms * 1000 + random.int(1000), random.int(1024));
}

function makeText(random: Random, words: number): string {
  return Array.from({ length: words }, () => random.pick(WORDS)).join(' ');
}

function makeReference(random: Random, ms: number): { cid: string; uri: string } {
  const rkey = makeRkey(random, ms - random.int(86_400_000));
  return {
    cid: cidToText(makeCid(random, DAG_CBOR)),
    uri: `at://${makeDid(random)}/app.bsky.feed.post/${rkey}`,
  };
}

function makeBlob(random: Random): unknown {
  const size = 20_000 + random.int(900_000);
  return { $type: 'blob', ref: toLink(makeCid(random, RAW)), mimeType: 'image/jpeg', size };
}

/** A facet on the link at the end of `text`; its index counts UTF-8 bytes. */
function makeFacet(text: string, link: string): unknown {
  const byteEnd = Buffer.byteLength(text);
  const features = [{ $type: 'app.bsky.richtext.facet#link', uri: link }];
  return { features, index: { byteStart: byteEnd - Buffer.byteLength(link), byteEnd } };
}

function makeEmbed(random: Random, ms: number): unknown {
  if (random.chance(30)) return { $type: 'app.bsky.embed.record', record: makeReference(random, ms) };
  const images = Array.from({ length: 1 + random.int(3) }, () => ({
    alt: makeText(random, random.int(9)),
    aspectRatio: { width: 800 + random.int(1200), height: 600 + random.int(900) },
    image: makeBlob(random),
  }));
  return { $type: 'app.bsky.embed.images', images };
}

function makePost(random: Random, ms: number, createdAt: string): unknown {
  const link = random.chance(25) ? `https://example.org/${random.text(10, BASE32)}` : undefined;
  const words = makeText(random, 2 + random.int(30));
  const text = link === undefined ? words : `${words} ${link}`;
  return {
    $type: 'app.bsky.feed.post',
    createdAt,
    langs: random.pick(LANGUAGES),
    text,
    ...(link !== undefined && { facets: [makeFacet(text, link)] }),
    ...(random.chance(30) && { embed: makeEmbed(random, ms) }),
    ...(random.chance(40) && {
      reply: { root: makeReference(random, ms), parent: makeReference(random, ms) },
    }),
  };
}

/** A lexicon that no program knows, with every type the data model has. */
function makeUnknown(random: Random, createdAt: string): unknown {
  return {
    $type: 'org.example.station.reading',
    createdAt,
    station: { name: makeText(random, 2), height: -random.int(400), online: random.chance(90), owner: null },
    series: Array.from({ length: random.int(12) }, () => random.int(1_000_000_000_000)),
    raw: toBytes(random.bytes(random.int(60))),
    source: toLink(makeCid(random, DAG_CBOR)),
    note: `"${makeText(random, 3)}"\n\\ \u2028`,
  };
}

const RECORDS: readonly (readonly [weight: number, collection: string])[] = [
  [50, 'app.bsky.feed.like'],
  [20, 'app.bsky.feed.post'],
  [14, 'app.bsky.graph.follow'],
  [9, 'app.bsky.feed.repost'],
  [3, 'app.bsky.graph.block'],
  [4, 'org.example.station.reading'],
];

function pickCollection(random: Random): string {
  let left = random.int(100);
  for (const [weight, collection] of RECORDS) {
    left -= weight;
    if (left < 0) return collection;
  }
  return 'app.bsky.feed.like';
}

function makeRecord(random: Random, collection: string, ms: number): unknown {
  const createdAt = new Date(ms - random.int(3000)).toISOString();
  switch (collection) {
    case 'app.bsky.feed.post':
      return makePost(random, ms, createdAt);
    case 'app.bsky.graph.follow':
    case 'app.bsky.graph.block':
      return { $type: collection, createdAt, subject: makeDid(random) };
    case 'org.example.station.reading':
      return makeUnknown(random, createdAt);
    default:
      return { $type: collection, createdAt, subject: makeReference(random, ms) };
  }
}

/** One operation: mostly creates, some deletes, some updates of a profile. */
export function makeOp(random: Random, ms: number): OpContent {
  const collection = pickCollection(random);
  if (random.chance(12))
    return { action: 'delete', path: `${collection}/${makeRkey(random, ms - random.int(1e9))}` };
  if (random.chance(4)) {
    const record = {
      $type: 'app.bsky.actor.profile',
      displayName: makeText(random, 2),
      avatar: makeBlob(random),
    };
    return { action: 'update', path: 'app.bsky.actor.profile/self', record };
  }
  return {
    action: 'create',
    path: `${collection}/${makeRkey(random, ms)}`,
    record: makeRecord(random, collection, ms),
  };
}

/** Nodes as of a repository's tree: they make up most of a real frame, and a reader has to step over them. */
export function makeNodes(random: Random): unknown[] {
  return Array.from({ length: 5 + random.int(7) }, () => ({
    l: random.chance(60) ? toLink(makeCid(random, DAG_CBOR)) : null,
    e: Array.from({ length: 2 + random.int(7) }, () => ({
      k: toBytes(random.bytes(13 + random.int(15))),
      p: random.int(28),
      t: random.chance(60) ? toLink(makeCid(random, DAG_CBOR)) : null,
      v: toLink(makeCid(random, DAG_CBOR)),
    })),
  }));
}
