import { readFileSync } from 'node:fs';
import { createLineSplitter } from '../../core/lines.ts';
import { FIELDS, type JournalEntry, parseEntry } from './journal-entry.ts';

/** How journalctl is asked, and what it prints is taken. */

/** Of a longer entry nothing is taken. */
const LONGEST_ENTRY = 1_048_576;

/** The words of a question about units. @param where where it begins, or how much it is: `--after-cursor=…`, `--lines=100`. */
export function journalQuestion(units: readonly string[], where: readonly string[]): readonly string[] {
  const form = ['--output=json', '--all', '--no-pager', `--output-fields=${FIELDS.join(',')}`];
  return ['journalctl', ...form, ...where, ...units.map((unit) => `--unit=${unit}`), ...ofThisMachine()];
}

/**
 * `--follow` alone shows the present boot only, and takes the kernel's word for which that is. In a container's unit with its own
 * `/proc/sys` (ProtectKernelTunables, ProtectControlGroups) that is another one than the journal writes: nothing would be shown. With
 * `--merge` there is no such limit (journalctl(1)); then journals of other machines have to be left out.
 */
function ofThisMachine(): readonly string[] {
  try {
    const id = readFileSync('/etc/machine-id', 'utf8').trim();
    return /^[0-9a-f]{32}$/.test(id) ? ['--merge', `_MACHINE_ID=${id}`] : [];
  } catch {
    return [];
  }
}

/** The question where the journal ends. */
export const LAST_CURSOR = [
  'journalctl',
  '--output=json',
  '--output-fields=PRIORITY',
  '--no-pager',
  '--lines=1',
] as const;

/** The answer to it; undefined where the journal is empty. */
export function cursorIn(text: string): string | undefined {
  return /"__CURSOR"\s*:\s*"([^"\\]+)"/.exec(text)?.[1];
}

/** Takes the bytes that journalctl prints, in any cut. */
export interface EntryReader {
  push(chunk: Buffer): void;
  /** The entries that came since the last call. */
  taken(): readonly JournalEntry[];
}

/** @param tooLong called for each entry that is too long to be taken. */
export function createEntryReader(tooLong: () => void): EntryReader {
  let entries: JournalEntry[] = [];
  const splitter = createLineSplitter({
    maxBytes: LONGEST_ENTRY,
    onLine(line, cut) {
      if (cut) return tooLong();
      const entry = parseEntry(line.toString('utf8'));
      if (entry !== undefined) entries.push(entry);
    },
  });
  return {
    push: (chunk) => splitter.push(chunk),
    taken() {
      const taken = entries;
      entries = [];
      return taken;
    },
  };
}

/** Keeps the last lines of a text of any length, without reading them. */
export interface LastLines {
  push(chunk: Buffer): void;
  /** The lines that were kept, and how many before them were not. */
  end(): { readonly entries: readonly JournalEntry[]; readonly left: number };
}

/** @param most so many lines are kept; so many bytes of each, and `mostBytes` altogether. */
export function keepLastEntries(most: number, mostBytes: number): LastLines {
  const kept: Buffer[] = [];
  let bytes = 0;
  let left = 0;
  const isTooMuch = (): boolean => kept.length > most || bytes > mostBytes;
  const drop = (): void => {
    bytes -= kept.shift()?.length ?? 0;
    left++;
  };
  const splitter = createLineSplitter({
    maxBytes: LONGEST_ENTRY,
    onLine(line, cut) {
      if (cut) return;
      kept.push(Buffer.from(line));
      bytes += line.length;
      while (isTooMuch()) drop();
    },
  });
  return {
    push: (chunk) => splitter.push(chunk),
    end() {
      splitter.flush();
      return { entries: kept.flatMap((line) => parseEntry(line.toString('utf8')) ?? []), left };
    },
  };
}
