import { bars } from '../../api/generated.ts';

export interface Bar {
  readonly bar: string;
  /** 0 to 1; null where nothing is known. */
  readonly up: number | null;
}

/** The bars of all services, of one range at a time. */
export class Bars {
  byKey = $state.raw<ReadonlyMap<string, Bar>>(new Map());
  since = $state.raw(0);
  step = $state.raw(900_000);
  trouble = $state.raw('');
  #range: '24h' | '90d' | undefined;

  /** An answer for another range than the last that was asked for is left. */
  async load(range: '24h' | '90d'): Promise<void> {
    if (range !== this.#range) this.byKey = new Map();
    this.#range = range;
    try {
      const { since, step, services } = await bars({ range });
      if (this.#range !== range) return;
      [this.since, this.step, this.trouble] = [since, step, ''];
      this.byKey = new Map(services.map(({ agent, name, bar, up }) => [`${agent}/${name}`, { bar, up }]));
    } catch (error) {
      if (this.#range === range) this.trouble = error instanceof Error ? error.message : String(error);
    }
  }
}
