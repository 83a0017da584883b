import { WebSocket } from 'ws';
import { FIRST_SEQ } from '../prepared-stream.ts';
import type { PeerStart } from './peer.ts';

/** No collector: what `ws` alone can receive, the ceiling of all others. It counts, and says when it has all. */
export function startReceive({ url, frames, sink }: PeerStart): void {
  const socket = new WebSocket(`${url}?cursor=0`, { perMessageDeflate: false, skipUTF8Validation: true });
  let count = 0;
  socket.on('message', () => {
    count += 1;
    if (count < frames) return;
    sink.take(FIRST_SEQ + frames - 1, []);
    void sink.end();
  });
}
