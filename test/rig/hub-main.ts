/** A hub's store in a process of its own, to be killed: takes batches by IPC, answers what became of each. */
import { systemClock } from '../../src/core/clock.ts';
import { openHubStore } from '../../src/hub/threads/hub-store.ts';
import { HUB_KEEP } from './hub-threads.ts';

const store = await openHubStore({
  folder: process.argv[2] ?? '',
  keep: HUB_KEEP,
  clock: systemClock,
  note: (note) => process.stderr.write(`${note}\n`),
  died: (error) => {
    throw error;
  },
});

process.on('message', ({ id, agent, json }: { id: number; agent: string; json: string }) => {
  void store.append({ agent }, Buffer.from(json)).then((answer) => process.send?.({ id, answer }));
});
process.on('disconnect', () => void store.close());
process.send?.({ ready: true });
