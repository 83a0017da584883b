/** A hole among rows: what it says. */
export interface Gap {
  readonly gap: string;
}

export function isGap(item: object): item is Gap {
  return 'gap' in item;
}

/**
 * The newest of what comes, so many at most. Held, nothing that is there goes, however much comes: rows are added below, up to twice
 * as many, and behind those only the newest are kept for when it is let go.
 */
export class TailBuffer<T extends object> {
  /** The oldest first; the same array for good. */
  readonly items: (T | Gap)[] = [];
  /** How many items went off the beginning. */
  base = 0;
  received = 0;
  /** Items that are not there any more. */
  dropped = 0;
  isHeld = false;
  /** How many came since it is held. */
  below = 0;
  readonly #most: number;
  #later: (T | Gap)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** @param skipped how many the hub left out before these. */
  push(rows: readonly T[], skipped: number): void {
    this.received += rows.length;
    if (this.isHeld) this.below += rows.length;
    const added: readonly (T | Gap)[] = skipped > 0 ? [gapOf(skipped), ...rows] : rows;
    const room = this.isHeld ? this.#most * 2 - this.items.length : added.length;
    for (const [index, item] of added.entries()) (index < room ? this.items : this.#later).push(item);
    if (this.isHeld) this.#trimLater();
    else this.#trim();
  }

  hold(): void {
    if (this.isHeld) return;
    this.isHeld = true;
    this.below = 0;
  }

  /** What came since follows. */
  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    for (const item of this.#later) this.items.push(item);
    this.#later = [];
    this.below = 0;
    this.#trim();
  }

  /** Now and then, not at each row. What goes would not be seen when it is let go either. */
  #trimLater(): void {
    if (this.#later.length < this.#most * 1.25) return;
    this.dropped += this.#later.splice(0, this.#later.length - this.#most).length;
  }

  #trim(): void {
    const over = this.items.length - this.#most;
    if (over <= 0) return;
    this.items.splice(0, over);
    this.base += over;
    this.dropped += over;
  }
}

function gapOf(count: number): Gap {
  return {
    gap: `${count.toLocaleString('en')} lines are missing here: they came faster than this page took them`,
  };
}
