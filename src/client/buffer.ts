import type { Clock, Timer } from '../core/clock.ts';
import { LEVELS } from '../core/record.ts';
import type { Outgoing, RecordSource } from '../wire/hub/link.ts';
import { encodeRecord, type NumberedRecord } from '../wire/hub/record.ts';
import { createKeeper, type Keeper, randomSeries } from './saved.ts';
import type { ClientStorage } from './types.ts';

/** So many are worth a batch of their own; fewer wait for others, at most so long. */
const ENOUGH = 50;
const GATHER_MS = 200;
/** A batch is no longer than this and one record, units of UTF-16. */
const MOST_LENGTH = 512 * 1024;
/** What was acknowledged is saved so much later. */
const SAVE_MS = 1_000;

export interface BufferOptions {
  readonly storage: ClientStorage | undefined;
  readonly series: string | undefined;
  readonly most: { readonly records: number; readonly bytes: number };
  readonly clock: Clock;
  readonly random: () => number;
  readonly wake: () => void;
  /** Why the storage cannot be used. */
  readonly trouble: (message: string) => void;
}

export type Unnumbered = Omit<NumberedRecord, 'seq'>;

interface Item {
  readonly seq: number;
  readonly json: string;
}

/** Records that are not acknowledged, bounded, with their numbers. */
export class RecordBuffer implements RecordSource {
  readonly #options: BufferOptions;
  readonly #keeper: Keeper | undefined;
  #series: string;
  #items: Item[] = [];
  #length = 0;
  #last = 0;
  /** Not taken since there was no room, and not told yet. */
  #refused = 0;
  /** The base of every record of our own. */
  #about: Unnumbered | undefined;
  #oldestAt: number | undefined;
  #hurry = 0;
  #timer: Timer | undefined;
  #saveTimer: Timer | undefined;
  /** The number that the storage knows of. */
  #saved = 0;
  #known = 0;
  #saving: Promise<void> = Promise.resolve();
  /** What a storage had, once it is read. */
  readonly loaded: Promise<void>;

  constructor(options: BufferOptions) {
    this.#options = options;
    this.#series = options.series ?? randomSeries();
    // Other clients of the same token count from elsewhere, so that `agent/number` is one record's alone.
    this.#last = options.clock.micros() + Math.floor(options.random() * 1_000_000);
    const { storage, clock, trouble } = options;
    this.#keeper = storage === undefined ? undefined : createKeeper(storage, clock, trouble);
    this.loaded = this.#keeper === undefined ? Promise.resolve() : this.#load(this.#keeper);
  }

  get series(): string {
    return this.#series;
  }

  /** Behind it lies what is not acknowledged. */
  get acked(): number {
    return (this.#items[0]?.seq ?? this.#last + 1) - 1;
  }

  /** What is acknowledged is gone. */
  readonly base = Infinity;

  /** Of an earlier life of the program: what is said in this one is not at the hub before it is sent. */
  get known(): number {
    return this.#known;
  }

  /** The number of the last record that was taken. */
  get last(): number {
    return this.#last;
  }

  get waiting(): number {
    return this.#items.length;
  }

  get refused(): number {
    return this.#refused;
  }

  /** The number that was given; undefined where there is no room: it is counted. */
  add(record: Unnumbered): number | undefined {
    this.#about = record;
    this.#tellRefused();
    const json = encodeRecord({ seq: this.#last + 1, ...record });
    if (this.#refused > 0 || !this.#hasRoom(json.length)) {
      this.#refused++;
      return undefined;
    }
    return this.#push(json);
  }

  /** The hub has everything up to a number. */
  stored(upTo: number): void {
    const count = this.#indexBehind(upTo);
    const gone = this.#items.splice(0, count < 0 ? this.#items.length : count);
    this.#length -= gone.reduce((sum, { json }) => sum + json.length, 0);
    this.#tellRefused();
    if (this.#keeper !== undefined)
      this.#saveTimer ??= this.#options.clock.timer(SAVE_MS, () => void this.save());
  }

  /** While it is called for, nothing waits for others. Returns what ends that. */
  hurry(): () => void {
    this.#hurry++;
    this.#options.wake();
    return () => {
      this.#hurry--;
    };
  }

  async read(after: number, most: number): Promise<Outgoing | undefined> {
    await this.loaded;
    const found = this.#behind(after, most);
    const last = found.at(-1);
    if (last === undefined) return undefined;
    if (found.length < Math.min(ENOUGH, most) && this.#hurry === 0) {
      const { clock, wake } = this.#options;
      this.#oldestAt ??= clock.monotonic();
      const leftMs = this.#oldestAt + GATHER_MS - clock.monotonic();
      if (leftMs > 0) {
        this.#timer?.cancel();
        this.#timer = clock.timer(leftMs, wake);
        return undefined;
      }
    }
    // A number that was sent is never given again: whoever comes after a crash has to know of it.
    if (last.seq > this.#saved) await this.save();
    this.#oldestAt = undefined;
    return { records: found.map(({ json }) => json), last: last.seq, missing: 0 };
  }

  replace(after: number, message: string): void {
    const index = this.#indexBehind(after);
    const item = this.#items[index];
    if (item === undefined || this.#about === undefined) return;
    const note = `record ${item.seq} cannot be sent, the hub refuses it: ${message}`;
    const json = encodeRecord({ ...this.#own(note), seq: item.seq });
    this.#length += json.length - item.json.length;
    this.#items[index] = { seq: item.seq, json };
  }

  renumber(): void {
    this.#series = randomSeries();
    [this.#saved, this.#known] = [0, this.#last];
  }

  /** Resolves when the storage has what is here; never rejects. */
  save(): Promise<void> {
    const keeper = this.#keeper;
    this.#saveTimer?.cancel();
    this.#saveTimer = undefined;
    if (keeper === undefined) return Promise.resolve();
    this.#saving = this.#saving.then(async () => {
      const records = this.#items.map(({ seq, json }) => [seq, json] as const);
      const last = this.#last;
      await keeper.save({ version: 1, series: this.#series, last, records });
      this.#saved = last;
    });
    return this.#saving;
  }

  close(): Promise<void> {
    this.#timer?.cancel();
    this.#saveTimer?.cancel();
    return this.save();
  }

  #behind(after: number, most: number): readonly Item[] {
    const start = this.#indexBehind(after);
    if (start < 0) return [];
    const found: Item[] = [];
    let length = 0;
    for (let index = start; index < this.#items.length && found.length < most; index++) {
      const item = this.#items[index];
      if (item === undefined || length >= MOST_LENGTH) break;
      found.push(item);
      length += item.json.length;
    }
    return found;
  }

  /** Of the first record behind a number; negative where there is none. */
  #indexBehind(after: number): number {
    const [first] = this.#items;
    if (first === undefined || after >= this.#last) return -1;
    // Numbers follow one another, but perhaps not in what a storage had.
    const guess = Math.max(0, after - first.seq + 1);
    const isThere = guess === 0 || this.#items[guess]?.seq === after + 1;
    return isThere ? guess : this.#items.findIndex(({ seq }) => seq > after);
  }

  #hasRoom(length: number): boolean {
    const { records, bytes } = this.#options.most;
    return this.#items.length < records && this.#length + length <= bytes;
  }

  #push(json: string): number {
    this.#last++;
    this.#items.push({ seq: this.#last, json });
    this.#length += json.length;
    this.#options.wake();
    return this.#last;
  }

  #tellRefused(): void {
    if (this.#refused === 0 || this.#about === undefined) return;
    const count = this.#refused;
    const message = `${count} records are missing here: too many waited for the hub`;
    const record = { ...this.#own(message), kind: 'gap', fields: { missing: count } } as const;
    const json = encodeRecord({ ...record, seq: this.#last + 1 });
    if (!this.#hasRoom(json.length)) return;
    this.#refused = 0;
    this.#push(json);
  }

  #own(message: string): Unnumbered {
    const { fields: _fields, ...about } = this.#about ?? EMPTY;
    return { ...about, time: this.#options.clock.micros(), kind: 'note', level: LEVELS.warn, message };
  }

  async #load(keeper: Keeper): Promise<void> {
    const saved = await keeper.load();
    if (saved === undefined) return;
    // What was said meanwhile comes behind it.
    const since = this.#items.map(({ json }) => JSON.parse(json) as NumberedRecord);
    this.#series = this.#options.series ?? saved.series;
    this.#items = saved.records.map(([seq, json]) => ({ seq, json }));
    this.#last = saved.last;
    [this.#saved, this.#known] = [saved.last, saved.last];
    this.#length = this.#items.reduce((sum, { json }) => sum + json.length, 0);
    for (const record of since) this.#push(encodeRecord({ ...record, seq: this.#last + 1 }));
  }
}

const EMPTY: Unnumbered = {
  time: 0,
  host: '',
  service: '',
  life: '',
  kind: 'note',
  level: LEVELS.warn,
  sender: 'client',
  message: '',
};
