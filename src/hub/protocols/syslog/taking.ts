import type { SyslogFrame } from '../../../wire/syslog/frames.ts';
import type { IncomingRecord } from '../../ingest/intake.ts';
import type { Doors } from '../../server/doors.ts';

export type SyslogDoors = Pick<Doors, 'intake' | 'limits' | 'counters' | 'clock' | 'log'>;

/** How connections and datagrams get their messages stored. */
export interface Taking {
  readonly doors: SyslogDoors;
  readonly signal: AbortSignal;
  read(frame: SyslogFrame, from: string): IncomingRecord;
  /** Resolves when they are stored, however often that has to be tried, or when the door is closed; then they are counted as lost. */
  store(records: readonly IncomingRecord[], bytes: number): Promise<void>;
}
