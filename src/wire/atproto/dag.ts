import { createHash } from 'node:crypto';
import { CidLinkWrapper, type CidLink, encode, toBytes } from '@atcute/cbor';

export { encode, toBytes };

/** A block with the bytes of its CID. */
export interface Block {
  readonly cid: Uint8Array;
  readonly bytes: Uint8Array;
}

/** A link to a CID (its bytes), as the encoder takes it. */
export function toLink(cid: Uint8Array): CidLink {
  return new CidLinkWrapper(cid);
}

/** The CID of a DAG-CBOR block: version 1, codec 0x71, SHA-256. */
function cidOf(bytes: Uint8Array): Uint8Array {
  const cid = new Uint8Array(36);
  cid.set([1, 0x71, 0x12, 32]);
  cid.set(createHash('sha256').update(bytes).digest(), 4);
  return cid;
}

/** Encodes a value (JSON-like: links as `{$link}`, bytes as `{$bytes}`) to a block. */
export function toBlock(value: unknown): Block {
  const bytes = encode(value);
  return { cid: cidOf(bytes), bytes };
}
