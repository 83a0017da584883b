import * as v from 'valibot';
import { err, ok, type Result } from '../../../core/result.ts';
import type { Doors } from '../../server/doors.ts';
import type { Action } from '../../server/session.ts';
import { type CheckCredential, createCredentials } from '../ws/credentials.ts';
import type { SocketOptions } from '../ws/sockets.ts';
import { createRooms } from '../ws/rooms.ts';
import { pushBrought } from './brought.ts';
import { configActions } from './configs.ts';
import { openWatchdogDatabase } from './database.ts';
import { getRecords } from './get-records.ts';
import { createOldTokens, type OldTokens } from './old-tokens.ts';
import { createStatistics, type Statistics } from './statistics.ts';
import { uploadAction } from './upload-actions.ts';
import { createUploadKeys } from './upload-keys.ts';
import { createUploads, type Uploads } from './uploads.ts';

/** What the hub does for watchdogs: behind `/ws`, and behind the HTTP routes of `protocols/api/`. */
export interface Watchdogs {
  /** For createSockets. */
  readonly actions: readonly Action[];
  readonly socketOptions: Required<Pick<SocketOptions, 'rooms' | 'check' | 'brought'>>;
  readonly uploads: Uploads;
  readonly statistics: Statistics;
  /** Whose a token is, also an old one. */
  readonly check: CheckCredential;
  /** Whether `/publicStatistics` answers without a token. */
  readonly isPublic: boolean;
  close(): void;
}

export interface WatchdogOptions {
  readonly doors: Doors;
  /** The hub's folder: `watchdogs.db` is kept in it. */
  readonly folder: string;
  readonly oldTokens?: OldTokens;
  readonly publicStatistics?: boolean;
}

/** The error is a sentence. */
export function openWatchdogs(options: WatchdogOptions): Result<Watchdogs, string> {
  const { doors, folder, oldTokens, publicStatistics = false } = options;
  const old = oldTokens === undefined ? ok(undefined) : createOldTokens(oldTokens, doors.clock);
  if (!old.ok) return old;
  const opened = openWatchdogDatabase(folder);
  if (!opened.ok) return err(opened.error.message);
  const db = opened.value;
  const { clock, store } = doors;
  const keys = createUploadKeys({ db, store, clock });
  const rooms = createRooms();
  const uploads = createUploads(doors, keys, rooms);
  const check = createCredentials(doors.tokens, old.value);
  const actions = [
    still('ping'),
    still('keepalive'),
    uploadAction(doors, uploads, 'log'),
    uploadAction(doors, uploads, 'notification'),
    getRecords(doors, 'getLogs', 'log'),
    getRecords(doors, 'getNotifications', 'notification'),
    ...configActions(db, clock, rooms),
  ] as readonly Action[];
  return ok({
    actions,
    socketOptions: { rooms, check, brought: pushBrought(rooms, clock) },
    uploads,
    statistics: createStatistics(db, clock),
    check,
    isPublic: publicStatistics,
    close() {
      keys.close();
      db.close();
    },
  });
}

/** An action that only shows that both are there. */
function still(name: string): Action {
  return { name, schema: v.object({}), run: async () => ({ ok: true, body: {} }) };
}
