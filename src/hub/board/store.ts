import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.ts';
import {
  bytes,
  type Database,
  nullable,
  number,
  openDatabase,
  text,
  transaction,
} from '../../core/sqlite.ts';
import { packColumns, unpackColumns } from './columns.ts';
import type { FigureRow, FigureStep } from './figures.ts';
import { WIDTH } from './ring.ts';
import { BOARD_TABLES } from './tables.ts';

/** `board.db` in the hub's folder: what a hub knows of how things stood, so that the next one knows it too. Methods throw a DatabaseError. */
export interface BoardStore {
  agents(): readonly StoredAgent[];
  saveAgent(agent: StoredAgent): void;
  dropAgent(name: string): void;
  services(): readonly StoredService[];
  addService(service: StoredService): void;
  dropService(id: number): void;
  /** The slots of a step from a moment up to another, the oldest first. */
  slots(step: number, since: number, until: number): readonly StoredSlot[];
  saveSlot(step: number, slot: StoredSlot): void;
  /** Forgets slots before a moment, and such as a clock that was ahead has left. */
  trimSlots(step: number, since: number, until: number): void;
  /** Rows that begin from a moment up to another, the oldest first. */
  figures(service: number, step: FigureStep, since: number, until: number): readonly FigureRow[];
  saveFigures(service: number, step: FigureStep, row: FigureRow): void;
  trimFigures(service: number, step: FigureStep, since: number): void;
  /** All of it is stored, or none. */
  change(work: () => void): void;
  close(): void;
}

export interface StoredAgent {
  readonly name: string;
  /** Wall milliseconds. */
  readonly heard: number | null;
  /** Since when nothing was heard of it, had the hub ended when this was written. */
  readonly since: number;
  /** A whole report, as JSON. */
  readonly report: string;
}

export interface StoredService {
  readonly id: number;
  readonly agent: string;
  readonly name: string;
}

export interface StoredSlot {
  readonly at: number;
  /** Of each service its id, and what its ring has. */
  readonly data: Uint32Array;
}

/** The numbers of a service in a slot: its id, and what its ring has. */
export const ENTRY = 1 + WIDTH;

/**
 * Opens it, or begins it. One that is damaged is put aside, and begun anew: nothing else depends on it. The error is a sentence.
 * @param note is told what was done then.
 */
export function openBoardStore(
  folder: string,
  { now, note }: { readonly now: number; readonly note: (message: string) => void },
): Result<BoardStore, string> {
  const path = join(folder, 'board.db');
  // A cache: after a power cut its last minutes may be gone.
  const options = { migrations: BOARD_TABLES, synchronous: 'normal', name: 'the board' } as const;
  let opened = openDatabase(path, options);
  if (!opened.ok && opened.error.kind === 'corrupt') {
    const aside = `${path}.damaged-${now}`;
    for (const end of ['', '-wal', '-shm']) {
      try {
        renameSync(`${path}${end}`, `${aside}${end}`);
      } catch {
        // Those beside it need not be there.
      }
    }
    note(`board.db is damaged and was put aside as ${aside}; bars and charts begin anew`);
    opened = openDatabase(path, options);
  }
  return opened.ok ? ok(createStore(opened.value)) : err(opened.error.message);
}

/** Nobody else has the file open, but a backup may read it: the hub does not wait long for it. */
const BUSY_MS = 100;

function createStore(db: Database): BoardStore {
  db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  return {
    ...storeNames(db),
    ...storeTime(db),
    change: (work) => transaction(db, work),
    close: () => db.close(),
  };
}

type Names = 'agents' | 'saveAgent' | 'dropAgent' | 'services' | 'addService' | 'dropService';

function storeNames(db: Database): Pick<BoardStore, Names> {
  return {
    agents: () =>
      db.all(
        { name: text, heard: nullable(number), since: number, report: text },
        'SELECT name, heard, since, report FROM agent ORDER BY name',
      ),
    saveAgent({ name, heard, since, report }) {
      db.run(
        `INSERT INTO agent VALUES (?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET heard = excluded.heard, since = excluded.since, report = excluded.report`,
        [name, heard, since, report],
      );
    },
    dropAgent: (name) => void db.run('DELETE FROM agent WHERE name = ?', [name]),
    services: () =>
      db.all({ id: number, agent: text, name: text }, 'SELECT id, agent, name FROM service ORDER BY id'),
    addService({ id, agent, name }) {
      db.run('INSERT OR REPLACE INTO service VALUES (?, ?, ?)', [id, agent, name]);
    },
    dropService(id) {
      db.run('DELETE FROM service WHERE id = ?', [id]);
      db.run('DELETE FROM figure WHERE service = ?', [id]);
    },
  };
}

type Time = 'slots' | 'saveSlot' | 'trimSlots' | 'figures' | 'saveFigures' | 'trimFigures';

function storeTime(db: Database): Pick<BoardStore, Time> {
  return {
    slots: (step, since, until) =>
      db
        .all(
          { at: number, data: bytes },
          'SELECT at, data FROM slot WHERE step = ? AND at >= ? AND at < ? ORDER BY at',
          [step, since, until],
        )
        .map(({ at, data }) => ({ at, data: numbersIn(data) })),
    saveSlot(step, { at, data }) {
      const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      db.run('INSERT INTO slot VALUES (?, ?, ?) ON CONFLICT (step, at) DO UPDATE SET data = excluded.data', [
        step,
        at,
        raw,
      ]);
    },
    trimSlots: (step, since, until) =>
      void db.run('DELETE FROM slot WHERE step = ? AND (at < ? OR at >= ?)', [step, since, until]),
    figures: (service, { step, points }, since, until) =>
      db
        .all(
          { at: number, data: bytes },
          'SELECT at, data FROM figure WHERE service = ? AND step = ? AND at >= ? AND at < ? ORDER BY at',
          [service, step, since, until],
        )
        .flatMap(({ at, data }) => {
          const columns = unpackColumns(data, points);
          return columns === undefined ? [] : [{ at, columns }];
        }),
    saveFigures(service, { step }, { at, columns }) {
      db.run(
        'INSERT INTO figure VALUES (?, ?, ?, ?) ON CONFLICT (service, step, at) DO UPDATE SET data = excluded.data',
        [service, step, at, packColumns(columns)],
      );
    },
    trimFigures: (service, { step }, since) =>
      void db.run('DELETE FROM figure WHERE service = ? AND step = ? AND at < ?', [service, step, since]),
  };
}

/** Both machines that Vahti runs on are little-endian. What is not whole entries is cut off. */
function numbersIn(data: Uint8Array): Uint32Array {
  const whole = Math.floor(data.byteLength / (ENTRY * 4)) * ENTRY * 4;
  return new Uint32Array(data.slice(0, whole).buffer);
}
