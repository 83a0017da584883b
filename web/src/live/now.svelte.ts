/** The present moment, for "3 m ago": turns once a second, by the hub's clock as far as it is known. */
class Now {
  #ms = $state.raw(Date.now());
  #ahead = 0;

  constructor() {
    setInterval(() => this.#turn(), 1000);
  }

  get ms(): number {
    return this.#ms;
  }

  /** @param hub what the hub's clock says at this moment. */
  set(hub: number): void {
    this.#ahead = hub - Date.now();
    this.#turn();
  }

  #turn(): void {
    this.#ms = Date.now() + this.#ahead;
  }
}

export const now = new Now();
