/** Something that the hub was asked for: its last answer, or why there is none. Only what was asked last counts. */
export class Asked<T> {
  value = $state.raw<T | undefined>(undefined);
  trouble = $state.raw('');
  isBusy = $state.raw(false);
  #turn = 0;

  /** Never rejects. What was answered before stays until there is something else. */
  async load(question: () => Promise<T>): Promise<void> {
    const turn = ++this.#turn;
    this.isBusy = true;
    try {
      const value = await question();
      if (turn === this.#turn) [this.value, this.trouble] = [value, ''];
    } catch (error) {
      if (turn === this.#turn) this.trouble = sentenceOf(error);
    } finally {
      if (turn === this.#turn) this.isBusy = false;
    }
  }

  /** Forgets the answer, and whatever is still to come. */
  clear(): void {
    this.#turn++;
    [this.value, this.trouble, this.isBusy] = [undefined, '', false];
  }
}

export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
