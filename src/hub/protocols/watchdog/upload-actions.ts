import * as v from 'valibot';
import { err, ok, type Result } from '../../../core/result.ts';
import type { Doors } from '../../server/doors.ts';
import type { Action, ActionAnswer, Session } from '../../server/session.ts';
import { oldToRecord, readEntries, readEntry, readOldEntry, type UploadKind } from './entries.ts';
import { answered, invalid, refused } from './targets.ts';
import { readUploadKey, type UploadKey } from './upload-keys.ts';
import type { Upload, Uploads } from './uploads.ts';

const KEY = v.optional(v.string('is no text'));

const FORMS = {
  log: { name: 'uploadLogs', list: 'logs', schema: v.object({ logs: v.optional(v.unknown()), key: KEY }) },
  notification: {
    name: 'uploadNotifications',
    list: 'notifications',
    schema: v.object({ notifications: v.optional(v.unknown()), key: KEY }),
  },
} as const;

/** `uploadLogs` and `uploadNotifications`: stored whole or not at all. */
export function uploadAction(
  doors: Doors,
  uploads: Uploads,
  kind: UploadKind,
): Action<Record<string, unknown>> {
  const { name, list, schema } = FORMS[kind];
  return {
    name,
    schema,
    async run({ [list]: entries, key }, session): Promise<ActionAnswer> {
      const { principal, version } = session;
      if (principal.kind !== 'agent')
        return refused({ code: 'forbidden', message: `Only wds can upload ${list}.` });
      if (!Array.isArray(entries)) return invalid(notAList(version, name, list));
      const used = key === undefined ? ok(undefined) : readUploadKey(key as string, kind, entries);
      if (!used.ok) return invalid(`cannot use ${name}: ${used.error}`);
      const upload = readUpload(session, doors, kind, entries, used.value);
      if (!upload.ok) return invalid(`cannot use ${name}: ${list} ${upload.error}`);
      const done = await uploads.take(upload.value, 'ws', session);
      if (!done.ok) return refused(done.error);
      const { stored, doubled } = done;
      if (version === 2) return answered({ stored, doubled });
      return answered({ comment: `Inserted ${stored + doubled} ${kind}(s) into db.` });
    },
  };
}

function notAList(version: 1 | 2, name: string, list: string): string {
  if (version === 1) return 'Please submit logs as list of length >= 1';
  return `cannot use ${name}: ${list} is no list`;
}

function readUpload(
  { principal, version }: Session,
  doors: Doors,
  kind: UploadKind,
  entries: readonly unknown[],
  key: UploadKey | undefined,
): Result<Upload, string> {
  const agent = principal.name;
  if (version === 2) {
    const records = readEntries(entries, readEntry(agent, kind, doors.clock.micros()));
    return records.ok ? ok({ agent, kind, records: records.value, key }) : err(records.error);
  }
  const old = readEntries(entries, readOldEntry);
  if (!old.ok) return old;
  const records = old.value.map((entry) => oldToRecord(agent, kind, entry));
  return ok({ agent, kind, records, key, old: old.value });
}
