import { LookEncoder } from './encode.ts';
import type { KeptEvent } from './look.ts';
import type { Series } from './looks-db.ts';

/** A series that grows: what of it is in no chunk yet. */
export class OpenSeries {
  readonly series: Series;
  /** Whether the database knows it. */
  isStored: boolean;
  #encoder = new LookEncoder();
  /** The encoder has a look: that a watch was opened is worth nothing without one. */
  #used = false;
  /** Taken from the encoder, and not in the journal yet. */
  #unwritten: Uint8Array[] = [];
  /** In the journal, and in no chunk yet. */
  #written: Uint8Array[] = [];
  #bytes = 0;
  /** The first row of the journal that it is in; undefined where it is in none. */
  #from: number | undefined;
  #first = 0;
  #last = 0;

  constructor(series: Series, isStored: boolean) {
    this.series = series;
    this.isStored = isStored;
  }

  /** Bytes that wait for a chunk. */
  get bytes(): number {
    return this.#bytes;
  }

  get from(): number | undefined {
    return this.#from;
  }

  /** Between which moments what waits for a chunk was seen. */
  get span(): { readonly first: number; readonly last: number } {
    return { first: this.#first, last: this.#last };
  }

  add(event: KeptEvent): void {
    this.#encoder.add(event);
    if (event.kind === 'look') this.#used = true;
  }

  /** What the journal does not have yet; empty where that is nothing. */
  unwritten(): readonly Uint8Array[] {
    if (this.#used) this.#unwritten.push(this.#encoder.take());
    this.#used = false;
    return this.#unwritten;
  }

  /** The journal has all of it now. */
  wrote(row: number, first: number, last: number): void {
    for (const piece of this.#unwritten) this.take(piece, row, first, last);
    this.#unwritten = [];
  }

  /** What the journal has already. */
  take(piece: Uint8Array, row: number, first: number, last: number): void {
    if (this.#from === undefined) this.#first = first;
    this.#from ??= row;
    this.#last = last;
    this.#written.push(piece);
    this.#bytes += piece.length;
  }

  /** All that the journal has of it. */
  written(): readonly Uint8Array[] {
    return this.#written;
  }

  /** What the journal had is in a chunk now; what comes begins another one. */
  chunked(upto: number): void {
    (this.series as { upto: number }).upto = upto;
    this.#written = [];
    this.#bytes = 0;
    this.#from = undefined;
  }

  /** The next look begins a stream of its own: a chunk, or what follows a loss. */
  beginAnew(): void {
    this.#encoder = new LookEncoder();
  }

  /** Forgets what the journal does not have. */
  drop(): void {
    this.#unwritten = [];
    this.#used = false;
    this.beginAnew();
  }
}
