import { base64, commitLine, otherLine, splitPath } from './line.ts';
import type { PeerStart } from './peer.ts';

interface Common {
  readonly seq: number;
  readonly time: string;
  readonly did: string;
}

interface Commit {
  readonly seq: number;
  readonly time: string;
  readonly repo: string;
  readonly rev: string;
  readonly since: string | null;
  readonly ops: readonly {
    readonly action: string;
    readonly path: string;
    readonly cid?: string;
    readonly record?: unknown;
  }[];
}

interface Account extends Common {
  readonly active: boolean;
  readonly status?: string;
}

type Sync = Common & { readonly rev: string; readonly blocks: Uint8Array };

/** What we use of `@skyware/firehose` 0.5.2 and `ws`. */
interface Packages {
  readonly Firehose: new (options: {
    relay: string;
    cursor: string;
    ws: unknown;
  }) => {
    on(event: 'commit', listener: (message: Commit) => void): void;
    on(event: 'identity', listener: (message: Common & { readonly handle?: string }) => void): void;
    on(event: 'account', listener: (message: Account) => void): void;
    on(event: 'sync', listener: (message: Sync) => void): void;
    on(event: 'unknown', listener: (message: unknown) => void): void;
    on(event: 'error' | 'websocketError', listener: (error: { readonly error: unknown }) => void): void;
    start(): void;
    readonly ws: { pause(): void; resume(): void };
  };
  readonly WebSocket: unknown;
}

/** `@skyware/firehose` as its README shows it, with `ws`. It has no back-pressure of its own: the socket is paused beside it. */
export function startSkyware({ url, sink, packages, trouble }: PeerStart): void {
  const { Firehose, WebSocket } = packages as Packages;
  const firehose = new Firehose({
    relay: new URL(url).origin.replace('http', 'ws'),
    cursor: '0',
    ws: WebSocket,
  });
  let paused = false;
  const take = (seq: number, lines: readonly string[]): void => {
    if (sink.take(seq, lines) || paused) return;
    paused = true;
    firehose.ws.pause();
    void sink.drained().then(() => {
      paused = false;
      firehose.ws.resume();
    });
  };
  firehose.on('commit', ({ seq, time, repo, rev, since, ops }) => {
    const lines = ops.map(({ action, path, cid, record }) =>
      commitLine({ seq, time, did: repo, rev, since, operation: action, ...splitPath(path), record, cid }),
    );
    take(seq, lines);
  });
  firehose.on('identity', ({ did, seq, time, handle }) => {
    const detail = { did, seq, time, handle };
    take(seq, [otherLine('identity', detail)]);
  });
  firehose.on('account', ({ active, did, seq, time, status }) => {
    const detail = { active, did, seq, time, status };
    take(seq, [otherLine('account', detail)]);
  });
  firehose.on('sync', ({ did, seq, time, rev, blocks }) => {
    const detail = { did, seq, time, rev, blocks: { $bytes: base64(blocks) } };
    take(seq, [otherLine('sync', detail)]);
  });
  firehose.on('unknown', (message) => trouble(`unknown message ${JSON.stringify(message)}`));
  firehose.on('error', ({ error }) => trouble(error));
  firehose.on('websocketError', ({ error }) => trouble(error));
  firehose.start();
}
