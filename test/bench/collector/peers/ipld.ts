import type { WebSocket } from 'ws';
import { base64, commitLine, otherLine, splitPath } from './line.ts';
import type { PeerStart } from './peer.ts';

interface Cid {
  toString(): string;
}

interface Body {
  readonly seq: number;
  readonly time: string;
  readonly repo: string;
  readonly did: string;
  readonly rev: string;
  readonly since: string | null;
  readonly blocks: Uint8Array;
  readonly ops: readonly { readonly action: string; readonly path: string; readonly cid: Cid | null }[];
  readonly active: boolean;
  readonly status?: string;
  readonly handle?: string;
}

/** What we use of `@ipld/car` 5.4.7, `@ipld/dag-cbor` 10.0.2, its `cborg`, and `ws` 8.23.0. */
interface Packages {
  readonly CarBufferReader: {
    fromBytes(bytes: Uint8Array): { get(cid: Cid): { readonly bytes: Uint8Array } | undefined };
  };
  readonly decode: (bytes: Uint8Array) => unknown;
  readonly decodeOptions: object;
  readonly decodeFirst: (bytes: Uint8Array, options: object) => [value: unknown, rest: Uint8Array];
  readonly WebSocket: typeof WebSocket;
}

/** What one writes oneself: `ws`, and the reference decoders of IPLD, in their fastest (synchronous) form. */
export function startIpld({ url, sink, packages, trouble }: PeerStart): void {
  const used = packages as Packages;
  const socket = new used.WebSocket(`${url}?cursor=0`, {
    perMessageDeflate: false,
    skipUTF8Validation: true,
  });
  socket.on('message', (data: Buffer) => {
    const [header, rest] = used.decodeFirst(data, used.decodeOptions);
    const [body] = used.decodeFirst(rest, used.decodeOptions);
    const message = body as Body;
    if (sink.take(message.seq, linesOf((header as { t: string }).t, message, used)) || socket.isPaused)
      return;
    socket.pause();
    void sink.drained().then(() => socket.resume());
  });
  socket.on('error', trouble);
}

function linesOf(kind: string, body: Body, used: Packages): readonly string[] {
  const { seq, time, did } = body;
  switch (kind) {
    case '#commit':
      return commitLines(body, used);
    case '#identity': {
      const detail = { did, seq, time, handle: body.handle };
      return [otherLine('identity', detail)];
    }
    case '#account': {
      const detail = { active: body.active, did, seq, time, status: body.status };
      return [otherLine('account', detail)];
    }
    case '#sync': {
      const detail = { did, seq, time, rev: body.rev, blocks: { $bytes: base64(body.blocks) } };
      return [otherLine('sync', detail)];
    }
    default:
      return [];
  }
}

function commitLines(body: Body, { CarBufferReader, decode }: Packages): readonly string[] {
  const { seq, time, repo: did, rev, since } = body;
  if (body.ops.length === 0) return [];
  const car = CarBufferReader.fromBytes(body.blocks);
  return body.ops.map(({ action: operation, path, cid }) => {
    const part = { seq, time, did, rev, since, operation, ...splitPath(path) };
    if (cid === null) return commitLine(part);
    const block = car.get(cid);
    const record = block === undefined ? undefined : jsonOf(decode(block.bytes));
    return commitLine({ ...part, record, cid: cid.toString() });
  });
}

/** The data model of IPLD as atproto writes it in JSON. */
function jsonOf(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(jsonOf);
  if (value instanceof Uint8Array) return { $bytes: base64(value) };
  if ('asCID' in value) return { $link: (value as Cid).toString() };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, jsonOf(inner)]));
}
