import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Clock } from '../../core/clock.ts';
import type { ProductsHold, ProductsHoldError } from '../../core/products.ts';
import { asError, err, ok, type Result } from '../../core/result.ts';
import { type SharedLock, takeSharedLock } from '../../core/shared-lock.ts';
import { overlaps, realPath } from '../../jobs/files/within.ts';

/**
 * Locks on folders of products: many may read them at a time (jobs that publish), or one may make them anew (`vahti pipeline run`).
 * They lie in the state folder, beside who holds them; the kernel lets go what a killed process held.
 */

/** A reader is waited for by looking again. */
const AGAIN_MS = 200;

const Note = v.object({ folder: v.string(), what: v.string(), since: v.string() });
type Note = v.InferOutput<typeof Note>;

/** @param state the state folder. */
function locksFolder(state: string): string {
  return join(state, 'pipelines', 'products-locks');
}

function keyOf(folder: string): string {
  return createHash('sha256').update(folder).digest('hex').slice(0, 24);
}

/** Who makes products anew, as written down beside a lock; what is left of a killed one is told by its lock, which is free. */
function notesIn(locks: string): readonly Note[] {
  let names: readonly string[];
  try {
    names = readdirSync(locks).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      const read = v.safeParse(Note, JSON.parse(readFileSync(join(locks, name), 'utf8')));
      return read.success ? [read.output] : [];
    } catch {
      return [];
    }
  });
}

/**
 * Keeps everybody from making products in a folder anew.
 * @param known folders of products that the config names.
 */
export function holdProducts(
  state: string,
  folder: string,
  known: readonly string[],
): Result<ProductsHold, ProductsHoldError> {
  const locks = locksFolder(state);
  const own = realPath(folder);
  const taken: SharedLock[] = [];
  const release = (): void => {
    for (const lock of taken) lock.release();
  };
  try {
    mkdirSync(locks, { recursive: true, mode: 0o700 });
    const notes = notesIn(locks);
    const others = [...known.map(realPath), ...notes.map((note) => note.folder)];
    for (const each of new Set([own, ...others.filter((other) => overlaps(other, own))])) {
      const lock = takeSharedLock(join(locks, `${keyOf(each)}.db`), 'shared');
      if (lock.ok) {
        taken.push(lock.value);
        continue;
      }
      release();
      return err(
        lock.error.kind === 'unusable' ? lock.error : { kind: 'held', message: madeAnew(locks, each) },
      );
    }
    return ok({ release });
  } catch (thrown) {
    release();
    return err({ kind: 'unusable', message: `cannot use ${locks}: ${asError(thrown).message}` });
  }
}

function madeAnew(locks: string, folder: string): string {
  const note = notesIn(locks).find((written) => written.folder === folder);
  const who = note === undefined ? '' : ` by ${note.what} since ${note.since}`;
  return `the products in ${folder} are being made anew${who}`;
}

export interface RemakeOptions {
  /** What this process is, for messages of others. */
  readonly what: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called once, with what is waited for. */
  readonly waits: (what: string) => void;
}

/**
 * Has a folder of products for oneself, to make them anew: waits for who reads them now, and keeps new ones out. The error is a clause
 * that says who makes them anew already, or what was waited for when `signal` came.
 */
export async function remakeProducts(
  state: string,
  folder: string,
  { what, clock, signal, waits }: RemakeOptions,
): Promise<Result<ProductsHold, string>> {
  const locks = locksFolder(state);
  const own = realPath(folder);
  const key = keyOf(own);
  try {
    mkdirSync(locks, { recursive: true, mode: 0o700 });
    for (let isSaid = false; ; isSaid = true) {
      const lock = takeSharedLock(join(locks, `${key}.db`), 'exclusive');
      if (lock.ok) {
        const note: Note = { folder: own, what, since: new Date(clock.now()).toISOString() };
        const path = join(locks, `${key}.json`);
        writeFileSync(`${path}.tmp`, `${JSON.stringify(note)}\n`);
        renameSync(`${path}.tmp`, path);
        return ok({
          release() {
            rmSync(path, { force: true });
            lock.value.release();
          },
        });
      }
      if (lock.error.kind === 'unusable') return err(lock.error.message);
      const others = takeSharedLock(join(locks, `${key}.db`), 'shared');
      if (!others.ok) return err(madeAnew(locks, own));
      others.value.release();
      if (!isSaid) waits(`waits for a job that publishes from ${own}`);
      if (!(await clock.sleep(AGAIN_MS, signal)))
        return err(`cannot make the products in ${own} anew: a job publishes from there`);
    }
  } catch (thrown) {
    return err(`cannot use ${locks}: ${asError(thrown).message}`);
  }
}
