import { unreachable } from '../../core/result.ts';
import { encodeCar } from './car.ts';
import { type Block, encode, toBlock, toBytes, toLink } from './dag.ts';

/** A message to write, as `subscribeRepos` servers send it. */
export type FrameContent =
  | CommitContent
  | (Sequence & { readonly kind: 'identity'; readonly handle?: string })
  | (Sequence & { readonly kind: 'account'; readonly active: boolean; readonly status?: string })
  | (Sequence & { readonly kind: 'sync'; readonly rev: string })
  | { readonly kind: 'info'; readonly name: string; readonly message?: string }
  | { readonly kind: 'error'; readonly error: string; readonly message?: string };

interface Sequence {
  readonly seq: number;
  readonly did: string;
  /** RFC 3339. */
  readonly time: string;
}

export interface CommitContent extends Sequence {
  readonly kind: 'commit';
  readonly rev: string;
  readonly since: string | null;
  readonly ops: readonly OpContent[];
  /** More blocks for the slice, such as the nodes of the repository's tree. */
  readonly nodes?: readonly unknown[];
  /** Leaves the blocks out, as servers did with a commit that was too big. */
  readonly tooBig?: boolean;
}

export interface OpContent {
  readonly action: 'create' | 'update' | 'delete';
  /** `collection/rkey` */
  readonly path: string;
  /** JSON-like; links as `{$link}`, bytes as `{$bytes}`. Left out for a delete. */
  readonly record?: unknown;
}

/** Stands where a signature would: the simulator holds no keys. */
const NO_SIGNATURE = toBytes(new Uint8Array(64));

/** Writes a message, header and body in canonical DAG-CBOR. CIDs are true SHA-256 of their blocks. */
export function encodeFrame(content: FrameContent): Uint8Array {
  if (content.kind === 'error') {
    return Buffer.concat([encode({ op: -1 }), encode({ error: content.error, message: content.message })]);
  }
  return Buffer.concat([encode({ op: 1, t: `#${content.kind}` }), encode(bodyOf(content))]);
}

function bodyOf(content: Exclude<FrameContent, { kind: 'error' }>): unknown {
  switch (content.kind) {
    case 'commit':
      return commitBody(content);
    case 'sync': {
      const { seq, did, time, rev } = content;
      const root = commitBlock(did, rev, []);
      return { seq, did, time, rev, blocks: toBytes(encodeCar([root.cid], [root])) };
    }
    case 'identity':
    case 'account':
    case 'info': {
      const { kind: _, ...fields } = content;
      return fields;
    }
    default:
      return unreachable(content);
  }
}

function commitBody(content: CommitContent): unknown {
  const { seq, did, time, rev, since, tooBig = false } = content;
  const nodes = (content.nodes ?? []).map(toBlock);
  const root = commitBlock(did, rev, nodes);
  const records: Block[] = [];
  const ops = content.ops.map(({ action, path, record }) => {
    if (record === undefined) return { action, path, cid: null };
    const block = toBlock(record);
    records.push(block);
    return { action, path, cid: toLink(block.cid) };
  });
  const blocks = tooBig ? new Uint8Array(0) : encodeCar([root.cid], [root, ...nodes, ...records]);
  const commit = toLink(root.cid);
  return {
    seq,
    repo: did,
    time,
    rev,
    since,
    ops,
    blocks: toBytes(blocks),
    commit,
    blobs: [],
    rebase: false,
    tooBig,
  };
}

/** The signed object at a repository's root, of repository version 3. */
function commitBlock(did: string, rev: string, nodes: readonly Block[]): Block {
  const data = toLink((nodes[0] ?? toBlock({ e: [], l: null })).cid);
  return toBlock({ did, rev, data, prev: null, version: 3, sig: NO_SIGNATURE });
}
