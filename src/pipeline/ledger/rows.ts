import { nullable, number, type RowOf, text } from '../../core/sqlite.ts';
import type {
  InboxFile,
  InboxFileState,
  Install,
  LedgerFile,
  ProductFile,
  ProductState,
  Run,
  Task,
  TaskState,
} from './types.ts';

/** How rows of the ledger are read. What a ledger holds was written here, so words are taken for what they say. */

export const FILE = {
  id: number,
  kind: text,
  origin: text,
  path: text,
  rev: number,
  state: text,
  ino: text,
  size: number,
  mtime_ns: text,
  sha256: nullable(text),
  first_seen: number,
  due: nullable(number),
  why: nullable(text),
  settled_at: nullable(number),
  ended: nullable(number),
  task: nullable(number),
  version: nullable(number),
  complete: number,
  final: nullable(text),
};

export const FILE_COLUMNS = Object.keys(FILE)
  .map((name) => `file.${name}`)
  .join(', ');

/** Whether a row of `file`, of an inbox, is the newest content of its name. */
export const NEWEST_OF_NAME = `NOT EXISTS (SELECT 1 FROM file AS newer
  WHERE newer.kind = 'inbox' AND newer.origin = file.origin AND newer.path = file.path AND newer.rev > file.rev)`;

export function readFile(row: RowOf<typeof FILE>): LedgerFile {
  return row.kind === 'inbox' ? readInboxFile(row) : readProduct(row);
}

function readAny(row: RowOf<typeof FILE>) {
  const { id, origin, path, rev, ino, size, sha256 } = row;
  const content = sha256 === null ? {} : { sha256 };
  return { id, origin, path, rev, ino, size, mtimeNs: row.mtime_ns, ...content, firstSeen: row.first_seen };
}

export function readInboxFile(row: RowOf<typeof FILE>): InboxFile {
  const { due, why, ended } = row;
  const state = row.state as InboxFileState;
  return { kind: 'inbox', ...readAny(row), state, due, why, settledAt: row.settled_at, ended };
}

export function readProduct(row: RowOf<typeof FILE>): ProductFile {
  return {
    kind: 'product',
    ...readAny(row),
    state: row.state as ProductState,
    task: row.task ?? 0,
    version: row.version ?? 0,
    complete: row.complete === 1,
    final: row.final,
  };
}

export const TASK = {
  id: number,
  step: text,
  key: text,
  state: text,
  attempt: number,
  crashes: number,
  fence: number,
  lock: nullable(text),
  priority: number,
  level: number,
  ord: number,
  generation: number,
  version: number,
  step_hash: text,
  vars: text,
  inputs: number,
  due: nullable(number),
  created: number,
  started: nullable(number),
  ended: nullable(number),
  exit: nullable(text),
  error: nullable(text),
};

export const TASK_COLUMNS = Object.keys(TASK)
  .map((name) => `task.${name}`)
  .join(', ');

export function readTask({ ord, vars, state, step_hash, ...rest }: RowOf<typeof TASK>): Task {
  return {
    ...rest,
    stepHash: step_hash,
    state: state as TaskState,
    order: ord,
    vars: JSON.parse(vars) as Record<string, string>,
  };
}

export const RUN = {
  task: number,
  attempt: number,
  started: number,
  ended: nullable(number),
  outcome: nullable(text),
  exit: nullable(text),
  error: nullable(text),
  log: nullable(text),
  version: number,
  step_hash: text,
  tool: nullable(text),
};

export function readRun({ step_hash, ...rest }: RowOf<typeof RUN>): Run {
  return { ...rest, stepHash: step_hash };
}

export const INSTALL = {
  path: text,
  temp: text,
  size: number,
  sha256: text,
  complete: number,
  final: nullable(text),
  removes: text,
};

export function readInstall({ complete, removes, ...rest }: RowOf<typeof INSTALL>): Install {
  return { ...rest, complete: complete === 1, removes: JSON.parse(removes) as string[] };
}
