import type { Clock } from '../../core/clock.ts';
import type { Database } from '../../core/sqlite.ts';
import type { AuditLog } from './audit-log.ts';

/** Why something cannot be done; the message is a sentence. */
export interface AccessTrouble {
  readonly kind: 'invalid' | 'unknown' | 'conflict' | 'forbidden' | 'full';
  readonly message: string;
}

/** What the parts of the store share. */
export interface StoreContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly audit: AuditLog;
  /** Everything in it is stored at once, or, when it throws, nothing. */
  change<T>(work: () => T extends Promise<unknown> ? never : T): T;
}
