import * as fs from 'node:fs';
import type { Clock } from '../../core/clock.ts';
import { createLineSplitter } from '../../core/lines.ts';
import type { Log } from '../../core/log.ts';
import { LEVELS, type RecordDraft } from '../../core/record.ts';
import { parseLine } from '../embedded/level.ts';
import { createLogFile, type LogFile } from '../embedded/log-file.ts';
import { createNote, createRate, tellTrouble } from '../embedded/log-notes.ts';
import type { JournalEntry, UnitLine } from './journal-entry.ts';

/**
 * What a unit writes into the journal, brought to where the output of every service is: a text file with a byte budget, and
 * the time line, as far as the rate allows.
 */
export interface UnitLog {
  readonly path: string;
  /**
   * Takes entries in their order: lines of the unit, and words of systemd's, which go to the time line alone.
   * @param old the entry may have been taken by an earlier daemon: what is there already is left out.
   * @returns what to wait for before more comes.
   */
  take(entries: readonly JournalEntry[], old: boolean): Promise<void> | undefined;
  /** The last lines of a life, oldest first. */
  tail(life: string): readonly string[];
  /** Resolves when its file has all that was taken by now; see LogFile. */
  written(): Promise<void>;
  close(): Promise<void>;
}

export interface UnitLogOptions {
  readonly service: string;
  readonly path: string;
  readonly budgetBytes: number;
  readonly mode?: number;
  readonly clock: Clock;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  readonly log: Log;
  /** What the time line has of this service since a time (microseconds), by keys of `recordKey`. */
  readonly recorded: (since: number) => KnownOnce;
}

/** Things that are known, each as often as it is there: to be taken out one by one. */
export interface KnownOnce {
  /** True where it is known, once for each time. */
  take(key: string): boolean;
}

export function knownOnce(keys: Iterable<string>): KnownOnce {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return {
    take(key) {
      const left = counts.get(key) ?? 0;
      if (left > 0) counts.set(key, left - 1);
      return left > 0;
    },
  };
}

/** What tells one record of a unit from the others. */
export function recordKey({ time, kind, message }: Pick<RecordDraft, 'time' | 'kind' | 'message'>): string {
  return `${kind}\0${time}\0${message}`;
}

const TAIL_LINES = 20;
const LONGEST_TAIL_LINE = 1000;
const LONGEST_MESSAGE = 65_536;
/** Of the end of the file so much is looked at for lines that are there already. */
const LOOKED_AT_BYTES = 1_048_576;

export function createUnitLog(options: UnitLogOptions): UnitLog {
  const { service, path, records } = options;
  const note = createNote(options);
  const { mode } = options;
  const file = createLogFile({
    ...options,
    onTrouble: (reason, lost) => tellTrouble(options, note, reason, lost),
    ...(mode === undefined ? {} : { mode }),
  });
  const rate = createRate(options, note);
  const tail: { readonly life: string; readonly text: string }[] = [];
  let known: { readonly records: KnownOnce; readonly lines: KnownOnce } | undefined;

  return {
    path,
    take(entries, old) {
      const [first] = entries;
      if (first === undefined) return undefined;
      if (old) known ??= { records: options.recorded(first.time), lines: knownOnce(linesOf(path)) };
      else known = undefined;
      const drafts: RecordDraft[] = [];
      for (const entry of entries) {
        const draft = toRecord(service, entry);
        if (entry.from === 'unit') {
          tail.push({ life: draft.life, text: entry.message.slice(0, LONGEST_TAIL_LINE) });
          writeTo(file, entry, known?.lines);
        }
        if (known?.records.take(recordKey(draft)) !== true && rate.take()) drafts.push(draft);
      }
      tail.splice(0, Math.max(0, tail.length - TAIL_LINES));
      if (drafts.length > 0) records(drafts);
      return file.full ? file.drained() : undefined;
    },
    tail: (life) => tail.filter((line) => line.life === life).map(({ text }) => text),
    written: () => file.written(),
    async close() {
      rate.tell();
      await file.close();
    },
  };
}

/** A plain line says its level itself, if anybody does: systemd gives it the one of the unit. */
function toRecord(service: string, entry: JournalEntry): RecordDraft {
  const life = entry.invocation ?? '';
  const text = entry.message.slice(0, LONGEST_MESSAGE).replaceAll('\0', '\ufffd');
  const base = { service, life, kind: 'log', time: entry.time } as const;
  if (entry.from === 'manager') return { ...base, level: entry.level, sender: 'systemd', message: text };
  const { message, level: said, fields } = parseLine(text, Math.floor(entry.time / 1000));
  const level = entry.plain && entry.level === LEVELS.info ? said : entry.level;
  const draft = { ...base, level, sender: senderOf(entry), message };
  return fields === undefined ? draft : { ...draft, fields };
}

/** The journal does not tell stdout from stderr. */
function senderOf({ plain }: UnitLine): 'stdout' | 'journal' {
  return plain ? 'stdout' : 'journal';
}

/** As captured output is written, with the time at which the journal took it. */
function writeTo(file: LogFile, entry: UnitLine, known: KnownOnce | undefined): void {
  const prefix = `${new Date(Math.floor(entry.time / 1000)).toISOString()} ${senderOf(entry)} `;
  const splitter = createLineSplitter({
    maxBytes: file.maxLineBytes,
    onLine(line, cut) {
      const text = `${prefix}${line.toString('utf8').replaceAll('\0', '\ufffd')}${cut ? ' [cut]' : ''}`;
      if (known?.take(text) !== true) file.write(Buffer.from(`${text}\n`));
    },
  });
  splitter.push(Buffer.from(`${entry.message}\n`));
}

/** The last lines of a file; none where there is no file. */
function linesOf(path: string): readonly string[] {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    const { size } = fs.fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, LOOKED_AT_BYTES));
    fs.readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8').split('\n');
  } catch {
    return [];
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}
