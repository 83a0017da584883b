import { createLineSplitter } from '../../../core/lines.ts';

/** Rows of a plain dump of PostgreSQL's (`pg_dump`), read as they come: its `COPY … FROM stdin` blocks, nothing else of it. */
export interface DumpReader {
  push(chunk: Buffer): void;
  /** The dump is over. @returns the table in whose block it breaks off; undefined where it is whole. */
  end(): string | undefined;
}

export interface DumpRow {
  readonly table: string;
  /** By column; null where the database has none. */
  readonly values: Readonly<Record<string, string | null>>;
  /** Of the dump, from 1. */
  readonly line: number;
}

export interface DumpReaderOptions {
  readonly onRow: (row: DumpRow) => void;
  /** A line that is no row of its table. */
  readonly onBad: (line: number, why: string) => void;
}

/** A message of the old service may be 16 MiB, and each of its bytes two here. */
const LONGEST_LINE = 33_554_432;
const BEGIN =
  /^COPY (?:"?([A-Za-z_][A-Za-z0-9_]*)"?\.)?"?([A-Za-z_][A-Za-z0-9_]*)"? \(([^)]*)\) FROM stdin;$/;
const END = '\\.';

interface Block {
  readonly table: string;
  readonly columns: readonly string[];
}

export function createDumpReader({ onRow, onBad }: DumpReaderOptions): DumpReader {
  let block: Block | undefined;
  let line = 0;
  const take = (text: string): void => {
    if (block === undefined) {
      block = blockOf(text);
      return;
    }
    if (text === END) {
      block = undefined;
      return;
    }
    const { table, columns } = block;
    const cells = text.split('\t');
    if (cells.length !== columns.length)
      return onBad(line, `it has ${cells.length} columns, ${table} has ${columns.length}`);
    const values = Object.fromEntries(columns.map((column, index) => [column, cellOf(cells[index] ?? '')]));
    onRow({ table, values, line });
  };
  const splitter = createLineSplitter({
    maxBytes: LONGEST_LINE,
    onLine(bytes, cut) {
      line++;
      if (cut) onBad(line, 'it is too long');
      else take(bytes.toString('utf8'));
    },
  });
  return {
    push: (chunk) => splitter.push(chunk),
    end() {
      splitter.flush();
      return block?.table;
    },
  };
}

function blockOf(text: string): Block | undefined {
  const [, , table, columns] = BEGIN.exec(text) ?? [];
  if (table === undefined || columns === undefined) return undefined;
  return { table, columns: columns.split(',').map((column) => column.trim().replace(/^"(.*)"$/, '$1')) };
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** A cell of COPY's text format (postgresql.org/docs/15/sql-copy.html, "Text Format"). */
function cellOf(cell: string): string | null {
  if (cell === '\\N') return null;
  if (!cell.includes('\\')) return cell;
  return cell.replaceAll(
    /\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))/g,
    (_, hex, octal, character: string) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex as string, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal as string, 8));
      return ESCAPES[character] ?? character;
    },
  );
}
