import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { errorCode } from '../../core/result.ts';
import { DatabaseError } from '../../core/sqlite.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** What passes without anybody's doing it anew: no room on the disk, or for more open files. */
const PASSING: readonly string[] = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'];
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** Whether trouble of the disk may be over when the same is done again later. */
function mayPass(thrown: unknown): boolean {
  return thrown instanceof DatabaseError ? thrown.retry : PASSING.includes(errorCode(thrown) ?? '');
}

/** Waits for a full disk to have room again, instead of ending; says so once. */
export interface Patience {
  /** Does something again and again as long as what it throws may pass. Throws what it throws at last where the runner ends. */
  until<T>(what: string, work: () => Promise<T>): Promise<T>;
}

export function createPatience(clock: Clock, log: Log, over: AbortSignal): Patience {
  let isTold = false;
  return {
    async until(what, work) {
      for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
        try {
          const value = await work();
          if (isTold) log.info('goes on');
          isTold = false;
          return value;
        } catch (thrown) {
          if (!mayPass(thrown)) throw thrown;
          if (!isTold) log.error(`cannot ${what}, and waits until it can`, { reason: String(thrown) });
          isTold = true;
          if (!(await clock.sleep(waitMs, over))) throw thrown;
        }
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
