import type { Row, Tail, TailRows } from '../../../../src/client/types.ts';
import { records } from '../../api/generated.ts';
import { sentenceOf } from '../../live/asked.svelte.ts';
import { hub } from '../../live/hub.svelte.ts';
import type { Kind } from './kinds.ts';
import { merged } from './merged.ts';

const PAGE = 200;

export interface Wanted {
  readonly agent: string;
  /** A service, or job/NAME. */
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** Wall milliseconds. */
  readonly since: number;
  /** Undefined: what comes is added as it comes. */
  readonly until: number | undefined;
}

/** What happened with one service, the newest first. */
export class Timeline {
  rows = $state.raw<readonly Row[]>([]);
  isBusy = $state.raw(false);
  trouble = $state.raw('');
  /** Where older ones begin; null: there are none within the range. */
  next = $state.raw<string | null>(null);
  #wanted: Wanted | undefined;
  #turn = 0;
  #tail: Tail | undefined;

  begin(wanted: Wanted): void {
    const { agent, name, kinds } = wanted;
    const before = this.#wanted;
    this.stop();
    // Another stretch of the same keeps what it has until the answer comes.
    if (before?.agent !== agent || before.name !== name) this.rows = [];
    [this.#wanted, this.next] = [wanted, null];
    if (wanted.until === undefined)
      this.#tail = hub.tail(
        { agent: [agent], service: [name], kind: kinds },
        (rows) => this.#came(rows),
        (error) => {
          this.trouble = error.message;
        },
      );
    void this.#load(undefined);
  }

  stop(): void {
    this.#turn++;
    this.#tail?.stop();
    this.#tail = undefined;
  }

  older(): Promise<void> {
    return this.next === null ? Promise.resolve() : this.#load(this.next);
  }

  again(): void {
    if (this.#wanted !== undefined) this.begin(this.#wanted);
  }

  /** Rows that came while the first page was on its way stay. */
  async #load(cursor: string | undefined): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    const turn = cursor === undefined ? ++this.#turn : this.#turn;
    [this.isBusy, this.trouble] = [true, ''];
    try {
      const { rows, next } = await records({
        ...filterOf(wanted),
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (turn !== this.#turn) return;
      const newest = rows[0]?.time ?? 0;
      const kept =
        cursor === undefined
          ? this.rows.filter((row) => row.time > newest && isLive(row, wanted))
          : this.rows;
      this.rows = merged(kept, rows as readonly Row[]);
      this.next = next;
    } catch (error) {
      if (turn === this.#turn) this.trouble = sentenceOf(error);
    } finally {
      if (turn === this.#turn) this.isBusy = false;
    }
  }

  #came({ rows }: TailRows): void {
    this.rows = merged(this.rows, rows);
  }
}

/** Whether it came by itself, to what is looked at now. */
function isLive({ time, kind }: Row, { since, until, kinds }: Wanted): boolean {
  return until === undefined && time / 1000 >= since && kinds.includes(kind);
}

function filterOf({ agent, name, kinds, since, until }: Wanted) {
  return {
    agent: [agent],
    service: [name],
    kind: kinds,
    since: String(Math.round(since * 1000)),
    ...(until === undefined ? {} : { until: String(Math.round(until * 1000)) }),
  };
}
