import type { Service } from '../../live/hub.svelte.ts';

/** How a collector's stream is, in a clause. */
export function streamWord({ state, stream }: Pick<Service, 'state' | 'stream'>): string {
  if (stream === null) return state === 'running' ? 'not known yet' : state;
  return stream.connection;
}
