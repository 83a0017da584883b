import {
  createClient,
  type Client,
  type ClientStanding,
  type Tail,
  type TailRows,
  type HubError,
} from '../../../src/client/index.ts';
import type { Board, BoardChange } from '../api/generated.ts';
import { sessionWord } from '../api/call.ts';
import { now } from './now.svelte.ts';

export type Service = Board['services'][number];
export type Job = Board['jobs'][number];
export type Agent = Board['agents'][number];

/** `AGENT/NAME`: what a service or a job is known by. */
export function keyOf({ agent, name }: { readonly agent: string; readonly name: string }): string {
  return `${agent}/${name}`;
}

/**
 * The one live connection of the page: the board, which changes by itself, and tails. Things that did not change stay the same objects,
 * so that only what changed is drawn again.
 */
class Hub {
  agents = $state.raw<readonly Agent[]>([]);
  services = $state.raw<readonly Service[]>([]);
  jobs = $state.raw<readonly Job[]>([]);
  /** Whether a board came at all. */
  isLoaded = $state.raw(false);
  standing = $state.raw<ClientStanding>('connecting');
  /** Since when the standing is what it is; the reader's clock. */
  since = $state.raw(Date.now());
  trouble = $state.raw('');
  /** When it last heard of the hub; the hub's clock. */
  heardAt = $state.raw(0);
  version = $state.raw('');
  #client: Client | undefined;

  get isLive(): boolean {
    return this.standing === 'connected' && this.isLoaded;
  }

  open(): void {
    if (this.#client !== undefined) return;
    const client = createClient({ url: location.origin, session: sessionWord });
    this.#client = client;
    client.on('event', ({ event, body }) => {
      if (event === 'board') this.#change(body as unknown as BoardChange);
    });
    client.on('state', (state) => {
      this.#stand(state.standing, state.lastError ?? '');
      if (state.standing === 'connected') void this.#subscribe(client);
    });
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    this.isLoaded = false;
    [this.agents, this.services, this.jobs] = [[], [], []];
    void client?.close({ timeoutMs: 0 });
  }

  tail(
    filter: object,
    onRows: (rows: TailRows) => void,
    onError: (error: HubError) => void,
  ): Tail | undefined {
    return this.#client?.tail(filter as Readonly<Record<string, unknown>>, onRows, onError);
  }

  service(agent: string, name: string): Service | undefined {
    return this.services.find((each) => each.agent === agent && each.name === name);
  }

  agent(name: string): Agent | undefined {
    return this.agents.find((each) => each.agent === name);
  }

  async #subscribe(client: Client): Promise<void> {
    try {
      this.#take((await client.request('board')) as unknown as Board);
    } catch (error) {
      // A lost connection subscribes again when it is back.
      this.trouble = error instanceof Error ? error.message : String(error);
    }
  }

  #take({ time, version, agents, services, jobs }: Board): void {
    [this.agents, this.services, this.jobs, this.version] = [agents, services, jobs, version];
    this.isLoaded = true;
    this.#heard(time);
  }

  #change(change: BoardChange): void {
    const { time, whole = false, agents = [], services = [], jobs = [], gone } = change;
    if (!this.isLoaded && !whole) return;
    if (whole) [this.agents, this.services, this.jobs] = [agents, services, jobs];
    else {
      this.agents = merged(this.agents, agents, gone?.agents ?? [], ({ agent }) => agent);
      this.services = merged(this.services, services, (gone?.services ?? []).map(keyOf), keyOf);
      this.jobs = merged(this.jobs, jobs, (gone?.jobs ?? []).map(keyOf), keyOf);
    }
    this.isLoaded = true;
    this.#heard(time);
  }

  #heard(time: number): void {
    this.heardAt = time;
    now.set(time);
  }

  #stand(standing: ClientStanding, trouble: string): void {
    this.trouble = trouble;
    if (this.standing === standing) return;
    this.standing = standing;
    this.since = Date.now();
  }
}

function merged<T>(
  before: readonly T[],
  changed: readonly T[],
  gone: readonly string[],
  key: (each: T) => string,
): readonly T[] {
  if (changed.length === 0 && gone.length === 0) return before;
  const byKey = new Map(before.map((each) => [key(each), each]));
  for (const each of changed) byKey.set(key(each), each);
  for (const each of gone) byKey.delete(each);
  return [...byKey.values()];
}

export const hub = new Hub();
