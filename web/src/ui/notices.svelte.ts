/** What came of something that somebody did: shown in the corner for a while, read out. */
interface Notice {
  readonly id: number;
  readonly text: string;
  readonly isBad: boolean;
}

const MOST = 4;
const SHOWN_MS = 8000;

class Notices {
  all = $state.raw<readonly Notice[]>([]);
  #last = 0;

  /** What went wrong stays until it is dismissed. */
  say(text: string, isBad = false): void {
    const id = ++this.#last;
    this.all = [...this.all, { id, text, isBad }].slice(-MOST);
    if (!isBad) setTimeout(() => this.drop(id), SHOWN_MS);
  }

  drop(id: number): void {
    this.all = this.all.filter((each) => each.id !== id);
  }
}

export const notices = new Notices();
