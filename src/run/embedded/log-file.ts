import type * as fs from 'node:fs';
import type { Clock, Timer } from '../../core/clock.ts';
import { errorCode } from '../../core/result.ts';
import { approximateSize } from '../../core/sizes.ts';
import { createLogReserve, isFull, type LogReserve } from './log-reserve.ts';
import { inodeOf, type Layout, openForAppend, type OpenFile, rotate } from './log-rotation.ts';

/**
 * A text file of lines that never outgrows its budget: PATH, then PATH.1 (newer) to PATH.N (older), renamed as PATH fills.
 * Writes are batched and asynchronous. What the disk refuses is kept a little, then counted; it is tried again for ever.
 * When it is full, a reserve is given up for the last lines. Nothing is made durable: the time line has the records.
 */
export interface LogFile {
  /** No line may be longer, in bytes, what is put before it not counted. */
  readonly maxLineBytes: number;
  /** True when so much waits for the disk that nobody should write on until `drained()`. Never while the disk refuses. */
  readonly full: boolean;
  /** Takes whole lines, each with its newline. Never blocks, never throws. */
  write(lines: Buffer): void;
  /** Resolves as soon as it is not full. */
  drained(): Promise<void>;
  /** Resolves when all that it has taken by now is with the system (whoever kills us, it is there), or the disk refuses. */
  written(): Promise<void>;
  /** Writes what waits (2 s at most) and closes. */
  close(): Promise<void>;
}

export interface LogFileOptions {
  readonly path: string;
  /** Bytes that all its files together may take; 64 KiB or more. */
  readonly budgetBytes: number;
  /** Of all its files; by default 0640 for new ones. */
  readonly mode?: number;
  readonly clock: Clock;
  /** Called once when the disk begins to refuse, with the reason, and once when it takes lines again, with undefined and how many were lost. */
  readonly onTrouble?: (reason: string | undefined, lost: number) => void;
  /** The one operation that a test makes fail. Returns how many bytes were written. */
  readonly append?: (file: fs.promises.FileHandle, data: Buffer) => Promise<number>;
}

const MOST_FILES = 8;
const SMALLEST_FILE = 65_536;
const LONGEST_LINE = 65_536 + 64;
const BATCH_BYTES = 262_144;
const FULL_BYTES = 1_048_576;
/** While the disk refuses, so much is kept for later; a machine has many services. */
const KEPT_BYTES = 262_144;
const RETRY_MS = 1000;
const CLOSE_MS = 2000;
const NEWLINE = 0x0a;
const MOST_RESERVED = 65_536;
/** For what is said on a full disk. */
const NOTICE_BYTES = 512;

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'disk full',
  EDQUOT: 'quota used up',
  EIO: 'disk error',
  EROFS: 'read-only file system',
  EACCES: 'no permission',
  ELOOP: 'it is a symbolic link',
};

/** Never throws: a file that cannot be opened is trouble like any other. */
export function createLogFile(options: LogFileOptions): LogFile {
  return new RotatingFile(options);
}

class RotatingFile implements LogFile {
  readonly maxLineBytes: number;
  readonly #options: LogFileOptions;
  readonly #layout: Layout;
  readonly #reserve: LogReserve;
  readonly #waiting: Buffer[] = [];
  readonly #waiters: (() => void)[] = [];
  readonly #writtenWaiters: { readonly at: number; readonly resolve: () => void }[] = [];
  #waitingBytes = 0;
  /** Bytes that were taken, in all. */
  #taken = 0;
  /** The batch that is being written, as far as the disk has not taken it. */
  #unwritten: Buffer | undefined;
  #file: OpenFile | undefined;
  #checkedAt = 0;
  #pumping: Promise<void> | undefined;
  #trouble: string | undefined;
  #retry: Timer | undefined;
  #lost = 0;
  #closed = false;

  constructor(options: LogFileOptions) {
    const files = Math.max(2, Math.min(MOST_FILES, Math.floor(options.budgetBytes / SMALLEST_FILE)));
    const reserved = Math.min(MOST_RESERVED, Math.floor(options.budgetBytes / 8));
    // Last words may go over the size of a file by as much as the reserve had.
    const fileBytes = Math.floor((options.budgetBytes - 2 * reserved) / files);
    const { path, mode } = options;
    this.#options = options;
    this.#reserve = createLogReserve(`${path}.reserve`, reserved);
    this.#layout = { path, files, fileBytes, ...(mode === undefined ? {} : { mode }) };
    this.maxLineBytes = Math.min(LONGEST_LINE, Math.floor(fileBytes / 4));
  }

  get full(): boolean {
    return this.#trouble === undefined && this.#waitingBytes > FULL_BYTES;
  }

  write(lines: Buffer): void {
    const refuses = this.#trouble !== undefined && (this.#lost > 0 || this.#waitingBytes > KEPT_BYTES);
    if (this.#closed || refuses) {
      this.#lost += countLines(lines);
      return;
    }
    this.#push(lines);
    if (this.#trouble === undefined) this.#pump();
  }

  drained(): Promise<void> {
    return this.full ? new Promise((resolve) => this.#waiters.push(resolve)) : Promise.resolve();
  }

  written(): Promise<void> {
    const at = this.#taken;
    if (this.#trouble !== undefined || this.#closed || this.#isWritten(at)) return Promise.resolve();
    return new Promise((resolve) => this.#writtenWaiters.push({ at, resolve }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#trouble !== undefined) this.#pump();
    const patience = new AbortController();
    // Closing a handle waits for its write, which may hang with its disk: that gets the same patience.
    const done = (this.#pumping ?? Promise.resolve()).then(() => this.#dropFile());
    await Promise.race([done, this.#options.clock.sleep(CLOSE_MS, patience.signal)]);
    patience.abort();
    this.#retry?.cancel();
    for (const { resolve } of this.#writtenWaiters.splice(0)) resolve();
  }

  #push(lines: Buffer): void {
    this.#waiting.push(lines);
    this.#waitingBytes += lines.length;
    this.#taken += lines.length;
  }

  #isWritten(at: number): boolean {
    return this.#taken - this.#waitingBytes - (this.#unwritten?.length ?? 0) >= at;
  }

  #pump(): void {
    this.#retry?.cancel();
    this.#pumping ??= Promise.resolve()
      .then(() => this.#writeAll())
      .catch((error: unknown) => this.#refused(error))
      .finally(() => {
        this.#pumping = undefined;
        if (this.#trouble === undefined && this.#waiting.length > 0) this.#pump();
      });
  }

  async #writeAll(): Promise<void> {
    if (!(await this.#reserve.take()) && this.#trouble !== undefined) throw new Error(this.#trouble);
    while (this.#unwritten !== undefined || this.#waiting.length > 0) {
      const file = await this.#open();
      this.#unwritten ??= this.#nextBatch(this.#layout.fileBytes - file.size);
      if (this.#unwritten === undefined) {
        await this.#dropFile();
        await rotate(this.#layout);
        continue;
      }
      await this.#append(file, this.#unwritten);
      this.#recovered();
      this.#wake();
    }
    this.#recovered();
  }

  /** One write of the batch; what of it the disk did not take stays. */
  async #append(file: OpenFile, data: Buffer): Promise<void> {
    const written = await (this.#options.append ?? appendTo)(file.handle, data);
    file.size += written;
    this.#unwritten = written < data.length ? data.subarray(written) : undefined;
  }

  /** Into the room of the reserve: what waits, as much as fits, and why nothing follows. */
  async #lastWords(): Promise<void> {
    const room = this.#reserve.bytes - NOTICE_BYTES;
    const file = await this.#open();
    const batch = this.#unwritten ?? this.#nextBatch(room);
    const end =
      batch === undefined || batch.length <= room ? batch?.length : batch.lastIndexOf(NEWLINE, room) + 1;
    if (batch !== undefined && end !== undefined && end < batch.length) {
      this.#waiting.unshift(batch.subarray(end));
      this.#waitingBytes += batch.length - end;
    }
    this.#unwritten = end === undefined || end === 0 ? undefined : batch?.subarray(0, end);
    while (this.#unwritten !== undefined) await this.#append(file, this.#unwritten);
    const kept = approximateSize(KEPT_BYTES);
    const words = `the disk is full: what comes next waits for room, ${kept} at most; the rest is lost here`;
    const notice = Buffer.from(`${this.#stamp()} vahti ${words}\n`);
    file.size += await (this.#options.append ?? appendTo)(file.handle, notice);
  }

  #stamp(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }

  /** The next whole lines that still fit into the current file; undefined when none do. */
  #nextBatch(room: number): Buffer | undefined {
    const batch: Buffer[] = [];
    let left = Math.min(room, BATCH_BYTES);
    for (let first = this.#waiting[0]; first !== undefined && left > 0; first = this.#waiting[0]) {
      const whole = first.length <= left;
      const end = whole ? first.length : first.lastIndexOf(NEWLINE, left - 1) + 1;
      if (end === 0) break;
      batch.push(first.subarray(0, end));
      if (whole) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(end);
      left = whole ? left - end : 0;
      this.#waitingBytes -= end;
    }
    return batch.length > 1 ? Buffer.concat(batch) : batch[0];
  }

  /** The file, opened anew when somebody moved or deleted it (looked at once a second at most). */
  async #open(): Promise<OpenFile> {
    const now = this.#options.clock.monotonic();
    if (this.#file !== undefined && now - this.#checkedAt < RETRY_MS) return this.#file;
    if (this.#file !== undefined && (await inodeOf(this.#layout.path)) !== this.#file.inode)
      await this.#dropFile();
    this.#file ??= await openForAppend(this.#layout);
    this.#checkedAt = now;
    return this.#file;
  }

  async #dropFile(): Promise<void> {
    const handle = this.#file?.handle;
    this.#file = undefined;
    await handle?.close().catch(() => {});
  }

  #wake(): void {
    const isOver = ({ at }: { readonly at: number }): boolean =>
      this.#trouble !== undefined || this.#isWritten(at);
    // In the order in which they came.
    for (let first = this.#writtenWaiters[0]; first !== undefined && isOver(first); ) {
      this.#writtenWaiters.shift();
      first.resolve();
      first = this.#writtenWaiters[0];
    }
    if (this.full) return;
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  #recovered(): void {
    if (this.#trouble === undefined) return;
    // Nothing was taken since the first loss, so this is its place.
    const lost = this.#lost;
    if (lost > 0) this.#push(Buffer.from(`${this.#stamp()} vahti ${lost} lines lost: ${this.#trouble}\n`));
    this.#lost = 0;
    this.#trouble = undefined;
    this.#options.onTrouble?.(undefined, lost);
  }

  async #refused(error: unknown): Promise<void> {
    const reason = REASONS[errorCode(error) ?? ''] ?? errorCode(error) ?? String(error);
    const first = this.#trouble === undefined;
    this.#trouble ??= reason;
    await this.#dropFile();
    const given = isFull(error) && (await this.#reserve.give());
    if (given && first) await this.#lastWords().catch(() => this.#dropFile());
    for (
      let last = this.#waiting.at(-1);
      last !== undefined && this.#waitingBytes > KEPT_BYTES;
      last = this.#waiting.at(-1)
    ) {
      this.#waiting.pop();
      this.#waitingBytes -= last.length;
      this.#lost += countLines(last);
    }
    if (first) this.#options.onTrouble?.(reason, 0);
    this.#wake();
    if (!this.#closed) this.#retry = this.#options.clock.timer(RETRY_MS, () => this.#pump());
  }
}

function countLines(lines: Buffer): number {
  let count = 0;
  for (let at = lines.indexOf(NEWLINE); at !== -1; at = lines.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

async function appendTo(file: fs.promises.FileHandle, data: Buffer): Promise<number> {
  return (await file.write(data)).bytesWritten;
}
