import type { Clock } from '../../core/clock.ts';
import type { Files } from '../../core/files.ts';
import type { Log } from '../../core/log.ts';
import { asError, errorCode } from '../../core/result.ts';
import { DatabaseError } from '../../core/sqlite.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** No room for more open files. */
const UNOPENED: readonly string[] = ['EMFILE', 'ENFILE'];
/** What passes without anybody's doing it anew: no room on the disk, or for more open files. */
const PASSING: readonly string[] = ['ENOSPC', 'EDQUOT', ...UNOPENED];
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** A sync failed: what it was to make durable may be lost, though it can still be read. The runner ends. */
class NotDurableError extends Error {
  override readonly name = 'NotDurableError';
  /** Of the system error. */
  readonly code: string | undefined;

  constructor(what: string, cause: unknown) {
    super(`cannot make ${what} durable: ${asError(cause).message}`, { cause });
    this.code = errorCode(cause);
  }
}

/**
 * Files whose failed syncs nobody waits for: on NFS, and where a quota or a thin volume is used up, a sync is what says so, and the
 * kernel may have dropped the pages by then. The same sync again would succeed over them.
 */
export function unretried(files: Files): Files {
  const once = async (what: string, synced: Promise<void>): Promise<void> => {
    try {
      await synced;
    } catch (thrown) {
      // A folder that could not even be opened was not synced.
      throw UNOPENED.includes(errorCode(thrown) ?? '') ? thrown : new NotDurableError(what, thrown);
    }
  };
  return {
    ...files,
    datasync: (fd) => once('a product', files.datasync(fd)),
    syncFolder: (path) => once(`the names in ${path}`, files.syncFolder(path)),
  };
}

/** Whether trouble of the disk may be over when the same is done again later. */
function mayPass(thrown: unknown): boolean {
  if (thrown instanceof NotDurableError) return false;
  return thrown instanceof DatabaseError ? thrown.retry : PASSING.includes(errorCode(thrown) ?? '');
}

/** Whether the disk is what fails, whatever was to be done there. */
export function isOfDisk(thrown: unknown): boolean {
  return thrown instanceof NotDurableError || mayPass(thrown);
}

/** Waits for a full disk to have room again, instead of ending; says so once. */
export interface Patience {
  /** Does something again and again as long as what it throws may pass. Throws what it throws at last where the runner ends. */
  until<T>(what: string, work: () => Promise<T>): Promise<T>;
}

export function createPatience(clock: Clock, log: Log, over: AbortSignal): Patience {
  /** Calls that wait. Others may well succeed meanwhile: that says nothing of the disk. */
  let waiting = 0;
  return {
    async until(what, work) {
      let isWaiting = false;
      try {
        for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
          try {
            return await work();
          } catch (thrown) {
            if (!mayPass(thrown)) throw thrown;
            if (!isWaiting && waiting++ === 0)
              log.error(`cannot ${what}, and waits until it can`, { reason: String(thrown) });
            isWaiting = true;
            if (!(await clock.sleep(waitMs, over))) throw thrown;
          }
        }
      } finally {
        if (isWaiting && --waiting === 0 && !over.aborted) log.info('goes on');
      }
    },
  };
}

/** A ledger whose calls wait for room on the disk: each is one transaction, so it can be done again. */
export function patientLedger(ledger: Ledger, patience: Patience, clock: Pick<Clock, 'now'>): Ledger {
  const patient =
    <Words extends unknown[], T>(call: (...words: Words) => Promise<T>) =>
    (...words: Words): Promise<T> =>
      patience.until('write the ledger', () => call(...words));
  /** What ends late is of the moment when it is written: who follows the moments never goes back by as long as a disk may be full. */
  const patientAt =
    <Words extends unknown[], T>(call: (...words: [...Words, now: number]) => Promise<T>) =>
    (...words: [...Words, now: number]): Promise<T> => {
      const first = words.at(-1) as number;
      const others = words.slice(0, -1) as unknown[] as Words;
      let isAgain = false;
      return patience.until('write the ledger', () => {
        const now = isAgain ? Math.max(first, clock.now()) : first;
        isAgain = true;
        return call(...others, now);
      });
    };
  const { sight, arrive, gone, claim, intend, succeed, end, promote, wakeDeferred, add, retry, setMark } =
    ledger;
  const { finalise, adopt, prune, missed, again } = ledger;
  return {
    ...ledger,
    finalise: patient(finalise),
    prune: patient(prune),
    again: patientAt(again),
    missed: patient(missed),
    sight: patientAt(sight),
    arrive: patientAt(arrive),
    gone: patient(gone),
    claim: patient(claim),
    intend: patient(intend),
    succeed: patientAt(succeed),
    end: patientAt(end),
    promote: patient(promote),
    wakeDeferred: patient(wakeDeferred),
    add: patientAt(add),
    retry: patient(retry),
    setMark: patient(setMark),
    adopt: patient(adopt),
  };
}
