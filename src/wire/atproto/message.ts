/**
 * A message of `com.atproto.sync.subscribeRepos`: two DAG-CBOR values, header and body, in one binary message
 * (atproto.com/specs/event-stream). Byte fields are views into the message.
 */
export type Frame = EventFrame | InfoFrame | ErrorFrame | BadFrame;

/** The kinds that stand in the stream's sequence. */
export type EventFrame = CommitFrame | IdentityFrame | AccountFrame | SyncFrame | UnknownFrame;

export interface Sequenced {
  readonly seq: number;
  readonly did: string;
  /** The server's time for it, as it was sent. */
  readonly time: string;
}

export interface CommitFrame extends Sequenced {
  readonly kind: 'commit';
  readonly rev: string;
  readonly since: string | null;
  readonly ops: readonly Op[];
  /** A CAR v1 slice; may be empty where `tooBig`. */
  readonly blocks: Uint8Array;
  /** Too big to be sent along: its operations or their records may be missing. */
  readonly tooBig: boolean;
}

/** What happened to one record; `cid` holds the bytes of its CID. */
export type Op = { readonly collection: string; readonly rkey: string } & (
  | { readonly action: 'create' | 'update'; readonly cid: Uint8Array }
  | { readonly action: 'delete'; readonly cid: null }
);

export interface IdentityFrame extends Sequenced {
  readonly kind: 'identity';
  readonly handle: string | undefined;
}

export interface AccountFrame extends Sequenced {
  readonly kind: 'account';
  readonly active: boolean;
  readonly status: string | undefined;
}

export interface SyncFrame extends Sequenced {
  readonly kind: 'sync';
  readonly rev: string;
  readonly blocks: Uint8Array;
}

/** A type or an operation that the specification says to step over. */
export interface UnknownFrame {
  readonly kind: 'unknown';
  /** `#name`, or `op N`. */
  readonly name: string;
  /** 0 and empty where the message carries none. */
  readonly seq: number;
  readonly time: string;
}

export interface InfoFrame {
  readonly kind: 'info';
  readonly name: string;
  readonly message: string;
}

/** The last message before the server closes. */
export interface ErrorFrame {
  readonly kind: 'error';
  readonly error: string;
  readonly message: string;
}

export interface BadFrame {
  readonly kind: 'bad';
  readonly reason: string;
}
