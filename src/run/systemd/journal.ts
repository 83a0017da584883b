import type { Readable } from 'node:stream';
import { backoffDelay } from '../../core/backoff.ts';
import { endTree, type Process, startProcess } from '../../core/processes.ts';
import { type JournalEntry, withRuns } from './journal-entry.ts';
import {
  createEntryReader,
  cursorIn,
  journalQuestion,
  keepLastEntries,
  LAST_CURSOR,
} from './journal-read.ts';
import { type ProgramDeps, programEnvironment, runProgram } from './program.ts';

/** Follows the journal of units from a stored place on: one process of journalctl for all of them. */
export interface Journal {
  /** From now on it is about these units. A unit that is new brings the last lines of its present run along. */
  follow(units: readonly string[]): void;
  /** Where it stands: to be stored once what was taken is durable. */
  place(): JournalPlace | undefined;
  close(): Promise<void>;
}

/** Serialisable as JSON. */
export interface JournalPlace {
  readonly cursor: string;
  /** The units that it was about. */
  readonly units: readonly string[];
}

export interface JournalOptions extends ProgramDeps {
  readonly place: JournalPlace | undefined;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  /**
   * Takes entries in their order. `old`: they were written before it was followed, and may have been taken before. What it
   * answers with is waited for before more is read.
   */
  readonly take: (entries: readonly JournalEntry[], old: boolean) => Promise<void> | undefined;
  /** Whether what is written comes at once; and why not, in a sentence. */
  readonly onChange: (live: boolean, trouble: string | undefined) => void;
  /** Something that a person should know. */
  readonly note: (message: string) => void;
}

/** What was written while nobody followed: so many entries, the newest, and so many bytes. */
const MOST_OLD = 10_000;
const MOST_OLD_BYTES = 33_554_432;
/** Of a unit's present run, where it is seen for the first time. */
const MOST_NEW = 100;
const READ_MS = 60_000;
const RETRY = { minMs: 1000, maxMs: 60_000, jitter: 0.1 };
/** One that went so long was well. */
const WELL_MS = 60_000;

export function createJournal(options: JournalOptions): Journal {
  return new Follower(options);
}

class Follower implements Journal {
  readonly #options: JournalOptions;
  readonly #over = new AbortController();
  #units: readonly string[] = [];
  #known: readonly string[];
  #cursor: string | undefined;
  /** Aborts when the units are others. */
  #round = new AbortController();
  #running: Promise<void> | undefined;
  /** Of what was read ahead of the place of the others. */
  readonly #ahead = new Set<string>();
  #attempt = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#cursor = options.place?.cursor;
    this.#known = options.place?.units ?? [];
  }

  follow(units: readonly string[]): void {
    this.#units = units;
    this.#round.abort();
    this.#running ??= this.#run();
  }

  place(): JournalPlace | undefined {
    return this.#cursor === undefined ? undefined : { cursor: this.#cursor, units: this.#known };
  }

  async close(): Promise<void> {
    this.#over.abort();
    this.#round.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    const over = this.#over.signal;
    while (!over.aborted) {
      this.#round = new AbortController();
      const signal = AbortSignal.any([over, this.#round.signal]);
      if (this.#units.length === 0) {
        await aborted(signal);
        continue;
      }
      const begun = clock.monotonic();
      const trouble = (await this.#catchUp(signal)) ?? (await this.#followOn(signal));
      if (signal.aborted) continue;
      this.#options.onChange(false, `cannot follow the journal: ${trouble ?? 'journalctl ended'}`);
      if (clock.monotonic() - begun > WELL_MS) this.#attempt = 0;
      await clock.sleep(backoffDelay({ ...RETRY, attempt: this.#attempt++, random }), signal);
    }
  }

  /** What was written since the last time, and the present runs of new units. Answers with what went wrong. */
  async #catchUp(signal: AbortSignal): Promise<string | undefined> {
    const units = this.#units;
    if (this.#cursor === undefined) await this.#takePlace(signal);
    for (const unit of units.filter((each) => !this.#known.includes(each))) {
      const read = await this.#read([unit], [`--lines=${MOST_NEW}`], signal);
      if (read.trouble !== undefined) return read.trouble;
      await this.#takeNew(read.entries);
      this.#known = [...this.#known, unit];
    }
    this.#known = units;
    if (this.#cursor === undefined) return undefined;
    const { entries, left, trouble } = await this.#read(units, [`--after-cursor=${this.#cursor}`], signal);
    // A journal that was thrown away, or a place that is not of this one: what was there is gone.
    if (trouble !== undefined && /cursor/i.test(trouble)) this.#cursor = undefined;
    if (trouble !== undefined) return trouble;
    if (left > 0)
      this.#options.note(`${left} older lines of the journal were left out: more than ${MOST_OLD}`);
    await this.#take(entries, true);
    return undefined;
  }

  /** The end of the journal, before anything is read. */
  async #takePlace(signal: AbortSignal): Promise<void> {
    const limits = { deadlineMs: READ_MS, mostBytes: 65_536, signal };
    const { stdout } = await runProgram(LAST_CURSOR, this.#options, limits);
    this.#cursor = cursorIn(stdout);
  }

  /** Only what is of the run that the newest one is of. */
  async #takeNew(entries: readonly JournalEntry[]): Promise<void> {
    const run = entries.findLast(({ invocation }) => invocation !== null)?.invocation;
    const present = withRuns(entries, null).filter(({ invocation }) => invocation === run);
    for (const { cursor } of present) this.#ahead.add(cursor);
    await this.#options.take(present, true);
  }

  async #read(
    units: readonly string[],
    where: readonly string[],
    signal: AbortSignal,
  ): Promise<{
    readonly entries: readonly JournalEntry[];
    readonly left: number;
    readonly trouble?: string;
  }> {
    const last = keepLastEntries(MOST_OLD, MOST_OLD_BYTES);
    const limits = { deadlineMs: READ_MS, mostBytes: 65_536, signal, take: last.push };
    const { exit, stderr } = await runProgram(journalQuestion(units, where), this.#options, limits);
    if (exit.kind === 'exited' && exit.code === 0) return last.end();
    const why = exit.kind === 'failed' ? exit.error : firstLine(stderr);
    const how = exit.kind === 'timeout' ? `no answer within ${READ_MS / 1000} s` : 'journalctl failed';
    return { entries: [], left: 0, trouble: why === '' ? how : why };
  }

  async #followOn(signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return undefined;
    const { life, onChange } = this.#options;
    const where =
      this.#cursor === undefined ? ['--lines=0'] : [`--after-cursor=${this.#cursor}`, '--no-tail'];
    const child = startProcess({
      argv: journalQuestion(this.#units, ['--follow', ...where]),
      env: programEnvironment(`${life}/journal`),
      cwd: '/',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const said = lastWords(child.stderr);
    if (child.pid !== undefined) {
      onChange(true, undefined);
    }
    const end = (): void => void this.#end(child);
    signal.addEventListener('abort', end, { once: true });
    await this.#takeAll(child.stdout);
    const exit = await child.exited;
    signal.removeEventListener('abort', end);
    return exit.kind === 'failed' ? exit.error : said();
  }

  async #end({ pid, startTicks }: Process): Promise<void> {
    const { life, clock } = this.#options;
    if (pid === undefined) return;
    const ticks = startTicks === undefined ? {} : { startTicks };
    await endTree({ pgid: pid, ...ticks, life: `${life}/journal`, deadlineMs: 0, clock });
  }

  async #takeAll(stdout: Readable | null): Promise<void> {
    if (stdout === null) return;
    const reader = createEntryReader(() =>
      this.#options.note('an entry of the journal over 1 MiB is left out'),
    );
    try {
      for await (const chunk of stdout) {
        reader.push(chunk as Buffer);
        await this.#take(reader.taken(), false);
      }
    } catch {
      // A pipe that breaks says no more.
    }
  }

  async #take(entries: readonly JournalEntry[], old: boolean): Promise<void> {
    const last = entries.at(-1);
    if (last === undefined) return;
    const fresh = entries.filter(({ cursor }) => !this.#ahead.delete(cursor));
    const drained = this.#options.take(fresh, old);
    this.#cursor = last.cursor;
    await drained;
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]?.slice(0, 300) ?? '';
}

/** The last line that came by a pipe; undefined where there was none. */
function lastWords(pipe: Readable | null): () => string | undefined {
  let said = '';
  pipe?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-1000);
  });
  pipe?.on('error', () => {});
  return () => {
    const last = said.trim().split('\n').at(-1) ?? '';
    return last === '' ? undefined : last.slice(0, 300);
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
