/** One axis of time for charts and the time line: what is in view, and where the reader points. Wall milliseconds. */
export class Axis {
  since = $state.raw(0);
  until = $state.raw(1);
  /** Where the reader points; null: nowhere. */
  cursor = $state.raw<number | null>(null);
  /** Of the whole chart, pixels. */
  width = $state.raw(0);

  show(since: number, until: number): void {
    [this.since, this.until] = [since, until];
  }

  readonly range = $derived({ since: this.since, until: this.until });
}
