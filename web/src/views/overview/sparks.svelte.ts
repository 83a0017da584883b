import { sparks } from '../../api/generated.ts';

export type Columns = Readonly<Record<string, readonly (number | null)[]>>;

/** As many as the hub answers at once. */
const MOST = 100;
const FRESH_MS = 30_000;

/** Small charts of what is in view: asked for when it comes into view, and again when they are old. */
export class Sparks {
  byKey = $state.raw<ReadonlyMap<string, Columns>>(new Map());
  readonly #askedAt = new Map<string, number>();

  /** @param keys `AGENT/NAME` of the services in view. */
  async load(keys: readonly string[]): Promise<void> {
    const now = performance.now();
    const wanted = keys
      .filter((key) => now - (this.#askedAt.get(key) ?? -Infinity) >= FRESH_MS)
      .slice(0, MOST);
    if (wanted.length === 0) return;
    for (const key of wanted) this.#askedAt.set(key, now);
    try {
      const { services } = await sparks({ of: wanted });
      const all = new Map(this.byKey);
      for (const { agent, name, figures } of services) all.set(`${agent}/${name}`, figures);
      this.byKey = all;
    } catch {
      // A list without small charts is still a list: they are asked for again.
      for (const key of wanted) this.#askedAt.delete(key);
    }
  }
}
