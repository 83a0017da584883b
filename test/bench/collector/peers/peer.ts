import { pathToFileURL } from 'node:url';
import { createDurableLines, type DurableLines } from './durable-lines.ts';
import { startIpld } from './ipld.ts';
import { startReceive } from './receive.ts';
import { startSkyware } from './skyware.ts';
import { startSync } from './sync.ts';

/** What a peer is given. */
export interface PeerStart {
  readonly url: string;
  readonly frames: number;
  readonly sink: DurableLines;
  /** The packages that it stands on, loaded from where the bench installed them; each peer knows what is in it. */
  readonly packages: unknown;
  /** Tells what went wrong; a peer goes on as its library does. */
  readonly trouble: (error: unknown) => void;
}

const PEERS: Readonly<Record<string, (start: PeerStart) => void>> = {
  receive: startReceive,
  skyware: startSkyware,
  sync: startSync,
  ipld: startIpld,
};

/** So many troubles are printed; a peer may have one a frame. */
const MOST_TROUBLES = 5;

/** A peer's process: reads `url` until TERM, and writes into a folder. */
export async function runPeer(
  name: string,
  url: string,
  frames: number,
  into: string,
  entry: string | undefined,
): Promise<void> {
  const start = PEERS[name];
  if (start === undefined)
    throw new Error(`cannot run the peer ${name}: there are ${Object.keys(PEERS).join(', ')}`);
  const packages: unknown = entry === undefined ? {} : await import(pathToFileURL(entry).href);
  const sink = await createDurableLines(into);
  process.once('SIGTERM', () => void sink.end().then(() => process.exit(0)));
  let troubles = 0;
  const trouble = (error: unknown): void => {
    troubles += 1;
    if (troubles <= MOST_TROUBLES) console.error('trouble:', error);
  };
  start({ url, frames, sink, packages, trouble });
}
