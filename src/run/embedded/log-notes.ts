import type { Clock, Timer } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { LEVELS, type RecordDraft } from '../../core/record.ts';
import { createTokenBucket } from './token-bucket.ts';

/** What there is to say about a captured log: trouble with its file, and lines that are too many for the time line. */

export interface LogNotesOptions {
  readonly service: string;
  readonly path: string;
  /** Lines that become records: so many a second, and so many at once. Default 1,000 and 5,000. */
  readonly linesPerSecond?: number;
  readonly burstLines?: number;
  readonly clock: Clock;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  readonly log: Log;
}

export type Note = (level: number, message: string, fields: Readonly<Record<string, unknown>>) => void;

const NOTICE_MS = 1000;

export function createNote({ service, path, clock, records }: LogNotesOptions): Note {
  return (level, message, fields) =>
    records([
      {
        time: clock.micros(),
        service,
        life: '',
        kind: 'note',
        level,
        sender: 'daemon',
        message,
        fields: { ...fields, path },
      },
    ]);
}

/** @param reason why the disk refuses; undefined where it takes lines again, and so many were lost. */
export function tellTrouble(
  { log, service, path }: LogNotesOptions,
  note: Note,
  reason: string | undefined,
  lost: number,
): void {
  if (reason === undefined) {
    log.info('captured log: writes again', { service, path, lost });
    const missing = lost === 0 ? 'nothing is lost' : `${lost} lines are not in it`;
    note(lost === 0 ? LEVELS.info : LEVELS.warn, `captured log: writes to ${path} again; ${missing}`, {
      lost,
    });
  } else {
    log.error('cannot write captured log', { service, path, reason });
    note(
      LEVELS.error,
      `cannot write captured log ${path}: ${reason}; lines are kept in the time line alone`,
      { reason },
    );
  }
}

/** Says which lines may become records, and once a second at most how many did not. */
export function createRate(
  { clock, linesPerSecond = 1000, burstLines = 5000 }: LogNotesOptions,
  note: Note,
): { readonly take: () => boolean; readonly tell: () => void } {
  const bucket = createTokenBucket(clock, linesPerSecond, burstLines);
  let withheld = 0;
  let timer: Timer | undefined;
  const tell = (): void => {
    timer?.cancel();
    timer = undefined;
    if (withheld === 0) return;
    const limit = linesPerSecond.toLocaleString('en');
    note(LEVELS.warn, `${withheld} lines are in the captured log alone: more than ${limit} a second`, {
      lines: withheld,
    });
    withheld = 0;
  };
  const take = (): boolean => {
    if (bucket.take()) return true;
    withheld++;
    timer ??= clock.timer(NOTICE_MS, tell);
    return false;
  };
  return { take, tell };
}
