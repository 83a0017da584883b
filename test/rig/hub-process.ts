/** A hub in a process of its own, with its server and its real store, that kills itself at a moment that it is told: FOLDER PORT. */
import type { TestContext } from 'node:test';
import { createSockets } from '../../src/hub/protocols/ws/sockets.ts';
import type { HubStore } from '../../src/hub/threads/hub-store.ts';
import { startHub } from './hub-server.ts';

const [, , folder = '', port = '0'] = process.argv;
const FULL_MS = 500;

/** `before:3`: instead of storing the third batch from now; `stored:3`: when it is durable, and nobody knows yet; `full:3`: no room from then on, for a while. */
let [moment, left] = ['', 0];
let fullUntil = 0;

function wrap(store: HubStore): HubStore {
  return {
    ...store,
    async append(from, json) {
      const now = --left === 0 ? moment : '';
      if (now === 'before') process.kill(process.pid, 'SIGKILL');
      if (now === 'full') fullUntil = performance.now() + FULL_MS;
      if (performance.now() < fullUntil)
        return { ok: false, kind: 'later', message: 'cannot store it: no space left on the disk' };
      const answer = await store.append(from, json);
      if (now === 'stored') process.kill(process.pid, 'SIGKILL');
      return answer;
    },
  };
}

/** It ends with the process that started it. */
const t = { after: () => {} } as unknown as TestContext;
const hub = await startHub(t, {
  folder,
  port: Number(port),
  wrap,
  sockets: (doors) => createSockets(doors, []),
});
hub.agentToken('alpha');
process.on('message', ({ crash }: { readonly crash: string }) => {
  [moment, left] = [crash.split(':')[0] ?? '', Number(crash.split(':')[1])];
});
process.on('disconnect', () => void hub.close());
process.send?.({ port: Number(new URL(hub.url).port) });
