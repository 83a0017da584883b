import { commitLine, otherLine } from './line.ts';
import type { PeerStart } from './peer.ts';

interface Cid {
  toString(): string;
}

interface Common {
  readonly seq: number;
  readonly time: string;
  readonly did: string;
}

type SyncEvent = Common &
  (
    | { readonly event: 'identity'; readonly handle?: string }
    | { readonly event: 'account'; readonly active: boolean; readonly status?: string }
    | { readonly event: 'sync'; readonly rev: string }
    | {
        readonly event: 'create' | 'update' | 'delete';
        readonly rev: string;
        readonly collection: string;
        readonly rkey: string;
        readonly record?: unknown;
        readonly cid?: Cid;
      }
  );

/** What we use of `@atproto/sync` 0.4.11 and `@atproto/lex`. */
interface Packages {
  readonly Firehose: new (options: {
    service: string;
    idResolver: unknown;
    unauthenticatedCommits: boolean;
    unauthenticatedHandles: boolean;
    getCursor: () => number;
    handleEvent: (event: SyncEvent) => Promise<void> | void;
    onError: (error: Error) => void;
  }) => { start(): Promise<void> };
  readonly lexToJson: (value: unknown) => unknown;
}

/**
 * `@atproto/sync` without a runner, which awaits the handler of each event. Signatures and handles are not checked, since
 * none of the others checks them; nobody is asked who a DID is. Its events have no `since` and no blocks of a sync, so
 * its lines do not either.
 */
export function startSync({ url, sink, packages, trouble }: PeerStart): void {
  const { Firehose, lexToJson } = packages as Packages;
  const firehose = new Firehose({
    service: new URL(url).origin.replace('http', 'ws'),
    idResolver: { did: { resolve: () => Promise.resolve(null) } },
    unauthenticatedCommits: true,
    unauthenticatedHandles: true,
    getCursor: () => 0,
    // Nothing to await while there is room: the cheapest handler that has back-pressure.
    handleEvent: (event) => (sink.take(event.seq, [lineOf(event, lexToJson)]) ? undefined : sink.drained()),
    onError: trouble,
  });
  firehose.start().catch(trouble);
}

function lineOf(event: SyncEvent, lexToJson: Packages['lexToJson']): string {
  const { seq, time, did } = event;
  switch (event.event) {
    case 'identity':
    case 'account':
    case 'sync': {
      const { event: kind, ...rest } = event;
      return otherLine(kind, pick(rest));
    }
    default: {
      const { rev, event: operation, collection, rkey, record, cid } = event;
      const json = record === undefined ? undefined : lexToJson(record);
      const part = { seq, time, did, rev, since: undefined, operation, collection, rkey };
      return commitLine({ ...part, record: json, cid: cid?.toString() });
    }
  }
}

/** Without what is no text, number or truth: blocks, the DID document. */
function pick(event: Common & Record<string, unknown>): Common {
  const plain = Object.entries(event).filter(
    ([key]) => key !== 'blocks' && key !== 'didDocument' && key !== 'cid',
  );
  return Object.fromEntries(plain) as unknown as Common;
}
